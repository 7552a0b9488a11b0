#!/usr/bin/env bash
# Brings Apache Kafka's jars, once: prints the folder that holds them.
#
#   tests/cluster/fetch_kafka.sh            version 3.9.1, into build/kafka/3.9.1
#   tests/cluster/fetch_kafka.sh 4.1.0
#
# Maven fetches them, from wherever this machine's Maven settings say. A folder appears only when it is whole, so it may be
# kept from run to run and several callers may come at once. Exit code 3: they cannot be had here; stderr says why.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
version=${1:-3.9.1}
base=$root/build/kafka
whole=$base/$version

fail() {
  printf 'fetch_kafka: %s; %s\n' "$1" "$2" >&2
  exit 3
}

[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || { echo "fetch_kafka: \"$version\" is no version; give one like 3.9.1" >&2; exit 2; }
[ -d "$whole" ] && { echo "$whole"; exit 0; }

mkdir -p "$base"
exec 9> "$base/lock"
flock 9  # a second caller waits here, and then finds the folder
[ -d "$whole" ] && { echo "$whole"; exit 0; }

command -v mvn > /dev/null || fail "Maven is not installed" "install the package maven (deploy/packages.txt)"
command -v java > /dev/null || fail "Java is not installed" "install openjdk-17-jre-headless (deploy/packages.txt)"

part=$(mktemp -d "$base/$version.part.XXXXXX")
trap 'rm -rf "$part"' EXIT
mkdir "$part/jars"
cat > "$part/pom.xml" << POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>fundcore</groupId>
  <artifactId>kafka-jars</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
POM
echo "fetch_kafka: fetching Apache Kafka $version" >&2
timeout 600 mvn --batch-mode --quiet -Dstyle.color=never --file "$part/pom.xml" \
  org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
  -DincludeScope=runtime -DoutputDirectory="$part/jars" > "$part/maven.log" 2>&1 9>&- || {
  grep -m 3 ERROR "$part/maven.log" >&2 || tail -n 15 "$part/maven.log" >&2
  fail "Maven could not fetch org.apache.kafka:kafka_2.13:$version" \
    "see its message above; it needs a reachable Maven repository, or a filled local one"
}
for jar in "kafka_2.13-$version" "kafka-clients-$version" slf4j-reload4j-1.7.36; do
  [ -s "$part/jars/$jar.jar" ] || fail "Maven brought no $jar.jar" "remove what it keeps of it in its local repository and repeat"
done
mv "$part/jars" "$whole"
echo "$whole"
