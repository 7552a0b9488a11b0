#!/usr/bin/env bash
# Three real Kafka brokers on this machine, from Apache Kafka's jars alone, for trials of a cluster.
#
#   deploy/kafka/trial.sh start [N…]     all three, or those named; formats their folders at the first start
#   deploy/kafka/trial.sh stop [N…]      as an administrator stops a broker
#   deploy/kafka/trial.sh kill N…        as a power cut does
#   deploy/kafka/trial.sh status         which run, and where
#   deploy/kafka/trial.sh run CLASS …    one of Kafka's own tools, such as kafka.admin.ConfigCommand
#
# They listen on 127.0.0.1:9092, 9192 and 9292, take about 400 MB each, and keep everything in data/kafka (KAFKA_DATA). The jars
# are brought by Maven, or lie in KAFKA_JARS: the folder libs of Kafka's tarball will do.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
data=${KAFKA_DATA:-$root/data/kafka}

fail() { printf 'trial: %s; %s\n' "$1" "$2" >&2; exit 3; }
usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }
port() { echo $((8992 + 100 * $1)); }
pid_of() {  # of broker $1, where it runs
  local pid
  pid=$(cat "$data/$1/pid" 2> /dev/null) || return 1
  grep -qaF "$data/$1/server.properties" "/proc/$pid/cmdline" 2> /dev/null && echo "$pid"
}
java_with_kafka() {
  exec java -Xmx512m -Dlog4j.configuration="file:$root/deploy/kafka/log4j.properties" -cp "$jars/*" "$@"
}
find_jars() {
  command -v java > /dev/null || fail "Java is not installed" "install openjdk-17-jre-headless"
  jars=${KAFKA_JARS:-}
  [ -n "$jars" ] || jars=$("$root/tests/cluster/fetch_kafka.sh")
  compgen -G "$jars/kafka_2.13-*.jar" > /dev/null || fail "$jars has no kafka_2.13-*.jar" "set KAFKA_JARS to the folder libs of Kafka's tarball"
}

start() {
  local n id
  mkdir -p "$data"
  [ -s "$data/cluster" ] || (java_with_kafka kafka.tools.StorageTool random-uuid) > "$data/cluster"
  id=$(cat "$data/cluster")
  for n in "$@"; do
    if pid_of "$n" > /dev/null; then echo "broker $n runs already"; continue; fi
    mkdir -p "$data/$n"
    sed "s#@NODE@#$n#g; s#@PORT@#$(port "$n")#g; s#@CONTROL@#$(($(port "$n") + 1))#g; s#@DIR@#$data#g" \
      "$root/deploy/kafka/broker.properties" > "$data/$n/server.properties"
    [ -e "$data/$n/data/meta.properties" ] ||
      (java_with_kafka kafka.tools.StorageTool format -t "$id" -c "$data/$n/server.properties") > "$data/$n/out"
    (java_with_kafka kafka.Kafka "$data/$n/server.properties") >> "$data/$n/out" 2>&1 < /dev/null &
    echo $! > "$data/$n/pid"
  done
  for n in "$@"; do
    until (: <> "/dev/tcp/127.0.0.1/$(port "$n")") 2> /dev/null; do
      pid_of "$n" > /dev/null || { tail -n 5 "$data/$n/out" >&2; fail "broker $n ended" "see $data/$n/out"; }
      sleep 0.2
    done
    echo "broker $n at 127.0.0.1:$(port "$n")"
  done
}

end() {  # SIGNAL N…
  local signal=$1 n pid
  shift
  for n in "$@"; do
    pid=$(pid_of "$n") || { echo "broker $n does not run"; continue; }
    kill "-$signal" "$pid"
    while kill -0 "$pid" 2> /dev/null; do sleep 0.1; done
    echo "broker $n has ended"
  done
}

command=${1:-}
[ $# -eq 0 ] || shift
brokers=("$@")
if [[ $command == start || $command == stop || $command == kill ]]; then
  for n in "$@"; do [[ $n =~ ^[123]$ ]] || { echo "trial: broker \"$n\" is none of 1, 2 and 3" >&2; exit 2; }; done
  [ $# -gt 0 ] || brokers=(1 2 3)
fi
case "$command" in
  start) find_jars; start "${brokers[@]}" ;;
  stop) end TERM "${brokers[@]}" ;;
  kill) [ $# -gt 0 ] || { echo "trial: kill which one? 1, 2 or 3" >&2; exit 2; }; end KILL "${brokers[@]}" ;;
  status)
    for n in 1 2 3; do
      if pid=$(pid_of "$n"); then echo "broker $n runs at 127.0.0.1:$(port "$n"), process $pid"; else echo "broker $n does not run"; fi
    done ;;
  run) find_jars; java_with_kafka "$@" ;;
  --help | -h) usage ;;
  *) usage >&2; exit 2 ;;
esac
