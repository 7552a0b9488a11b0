#!/usr/bin/env bash
# Plays the orders of one file (type 03) of another distributor through a whole day: accounts opened and linked, the file
# imported, the transfer agent's files taken in, the file of confirmations (04) written for the distributor.
#
#   deploy/examples/orders_by_file/run.sh OFD_996_H0_20170427_03.TXT
#
#   --bin DIR     where the programs are; build/release
#   --folder DIR  where data, files and reports go; build/orders-by-file. What was there is removed
#   --at HH:MM    when the file comes, on the day in its name; 14:01
#
# Investors, certificates and cards are made up, one for each trading account of the file; the transfer agent is ta_sim, at
# which they are registered already, under the fund accounts that the file names. Its funds are money funds without fees at
# 1.0000. Exit codes: 0 good, 1 something is off in the data, 2 wrong use, 3 cannot do it here.
set -euo pipefail
source "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../lib.sh"

file='' bin=$FC_ROOT/build/release folder=$FC_ROOT/build/orders-by-file at=14:01
while [ $# -gt 0 ]; do
  case "$1" in
    --bin | --folder | --at)
      [ $# -ge 2 ] || { echo "run.sh: $1 needs a value" >&2; exit 2; }
      declare "${1#--}=$2"
      shift
      ;;
    --help | -h) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    -*) echo "run.sh: unknown argument \"$1\"; see --help" >&2; exit 2 ;;
    *) file=$1 ;;
  esac
  shift
done
[ -n "$file" ] || { echo "run.sh: name a file of orders; see --help" >&2; exit 2; }
[ -r "$file" ] || fc_fail "$file cannot be read" "check its name"
for program in fundcore fundctl ta_sim; do
  [ -x "$bin/$program" ] || fc_fail "$bin has no $program" "build it: cmake --build build/release --target fundcore fundctl ta_sim"
done

# The head of the file says who, to whom, when and in which version.
mapfile -t head < <(head -n 7 "$file" | tr -d '\r ')
[ "${head[0]:-}" = OFDCFDAT ] && [ "${head[6]:-}" = 03 ] || { echo "run.sh: $file is no file of orders (type 03)" >&2; exit 2; }
version=${head[1]} distributor=${head[2]} ta=${head[3]}
day=${head[4]:0:4}-${head[4]:4:2}-${head[4]:6:2}
first=$(date -d "$day - 8 days" +%F)

# --- One server, stopped however this ends ----------------------------------------------------------------------------
server=''
stop_server() {
  [ -n "$server" ] || return 0
  local pid=$server code=0
  server=''
  kill -TERM "$pid" 2> /dev/null || true
  wait "$pid" || code=$?
  return $code
}
trap 'stop_server || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

rm -rf "$folder"
mkdir -p "$folder/exchange" "$folder/ta"
fc_steps 6
fc_step "a server on $folder, at 08:00 of $first"
: > "$folder/server.out"
"$bin/fundcore" serve --data "$folder/data" --exchange "$folder/exchange" --listen 127.0.0.1:0 --partitions 8 --clock steered \
  --clock-start "$first 08:00" --bank-generous --log-file "$folder/fundcore.log" > "$folder/server.out" 2> "$folder/server.err" &
server=$!
until address=$(sed -n 's/^serving on //p' "$folder/server.out") && [ -n "$address" ]; do
  kill -0 "$server" 2> /dev/null || { cat "$folder/server.err" >&2; fc_fail "fundcore does not come up" "see $folder/fundcore.log"; }
  sleep 0.05
done
ctl() { "$bin/fundctl" --server "$address" "$@"; }
# The value of a key in one JSON object: field KEY < JSON.
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" | head -n 1; }

# Which funds the file names stands in the file, at the same place in each record: after 24 characters of serial where the
# sender lists the fields in the standard's order.
fields=$((10#$(sed -n 10p "$file" | tr -d "\r ")))
[ "$(sed -n '11p;12p' "$file" | tr -d '\r ' | tr '\n' ' ')" = "AppSheetSerialNo FundCode " ] ||
  fc_fail "$file does not begin its records with AppSheetSerialNo and FundCode" "this example reads fund codes by their place"
mapfile -t funds < <(LC_ALL=C sed -n "$((fields + 12)),\$p" "$file" | LC_ALL=C grep -av '^OFDCFEND' | LC_ALL=C cut -b 25-30 |
  LC_ALL=C tr -d ' ' | LC_ALL=C sort -u)

fc_step "institution $ta, version $version; funds ${funds[*]}"
{
  printf '[[institution]]\ncode = "%s"\nname = "%s"\nour_code = "301"\nfile_version = "%s"\nsame_day_orders = false\n' "$ta" "$ta" "$version"
  for fund in "${funds[@]}"; do
    printf '\n[[fund]]\ncode = "%s"\nname = "%s"\ninstitution = "%s"\nkind = "money"\nrisk = "R1"\n' "$fund" "$fund" "$ta"
    printf 'purchases_paid = "T+1"\nredemptions_received = "T+1"\n[[fund.fees]]\nfrom = 2010-01-01\n'
    printf '[[fund.fees.purchase]]\nrate = "0%%"\n[[fund.fees.redemption]]\nrate = "0%%"\n'
  done
} > "$folder/products.toml"
ctl product load "$folder/products.toml" > "$folder/products.txt"
ctl clock advance +1m > /dev/null  # terms of a fund are in force half a minute after they were put

fc_step "an investor for each trading account: opened, assessed, linked, paid in, a fund account applied for"
# accounts: trading account, fund account, amount; nothing is linked yet, so the command says so with exit code 1.
ctl --json orders accounts "$file" > "$folder/accounts.json" || [ $? -eq 1 ]
registered='' n=0
while IFS=$'\t' read -r trading fund_account amount; do
  n=$((n + 1)) fund_account=${fund_account// /}
  certificate=$(printf '110101199001%02d%04d' $((n / 10000 + 1)) $((n % 10000)))
  card=$(printf '6222%012d' "$n")
  investor=$(ctl --json investor open --name "示例$n" --certificate "$certificate" | field investor)
  ctl investor assess "$investor" --answers 14,12,16,10,15 > /dev/null
  ctl investor add-card "$investor" --bank 102 --card "$card" > /dev/null
  ctl deposit "$investor" "$amount" --request-id "deposit-$n" > /dev/null
  ctl account link "$investor" --distributor "$distributor" --trading-account "$trading" > /dev/null
  ctl account open-fund-account "$investor" --ta "$ta" > /dev/null
  registered+="  \"0:$certificate${fund_account:+=$fund_account}\",
"
done < <(tr '{' '\n' < "$folder/accounts.json" |
  sed -n 's/^"trading_account":"\([^"]*\)","ta":"[^"]*","fund_account":"\([^"]*\)","orders":[0-9]*,"amount":"\([^"]*\)".*/\1\t\2\t\3/p' |
  sed 's/\t\t/\t \t/')
echo "       $n investors"
{
  printf 'ta = "%s"\ndistributor = "301"\nversion = "%s"\nregistered_elsewhere = [\n%s]\n' "$ta" "$version" "$registered"
  for fund in "${funds[@]}"; do
    printf '\n[[fund]]\ncode = "%s"\nname = "%s"\npurchase_pay_days = 1\nredemption_pay_days = 1\n' "$fund" "$fund"
    printf '[fund.nav_rule]\nstart = %s\nfirst = "1.0000"\nstep = "0.0000"\n' "$first"
  done
} > "$folder/ta.toml"

# The day on which the institution's answer is awaited, "" where none is.
awaited() {
  ctl --json day status | tr '{' '\n' | sed -n '/"step":"AWAIT"/s/.*"answer_day":"\([^"]*\)".*/\1/p' | sort | head -n 1
}
# Lets the institution answer what it has to, up to the morning of the day given. The clock stands on `reached`, or before.
reached=$first
answer_until() {
  local answer_day
  while answer_day=$(awaited) && [ -n "$answer_day" ] && [[ ! $answer_day > $1 ]]; do
    ctl clock advance "$answer_day 08:30" > /dev/null
    reached=$answer_day
    "$bin/ta_sim" answer --config "$folder/ta.toml" --exchange "$folder/exchange" --state "$folder/ta" --date "$answer_day" >> "$folder/ta.txt"
    ctl day advance > /dev/null
    [ "$(awaited)" != "$answer_day" ] || { ctl break list || true; fc_fail "the answer of $answer_day was not taken in" "see the breaks above"; }
  done
}

fc_step "the days before: the institution answers 001 with 0303, 008 with the fund account"
for ((d = 0; d < 8; d++)); do
  today=$(date -d "$first + $d days" +%F)
  [[ $reached > $today ]] && continue  # the answer of a Friday comes on Monday
  ctl clock advance "$today 18:30" > /dev/null
  answer_until "$day"
done

good=0
fc_step "$day $at: the import, and the import again"
ctl clock advance "$day $at" > /dev/null
import() {
  ctl --json orders import "$file" --output "$folder/$1.jsonl" > "$folder/$1.json" || good=$?
  echo "       $1: $(field lines < "$folder/$1.json") lines, accepted $(field accepted < "$folder/$1.json"), repeated $(field repeated < "$folder/$1.json")"
}
import first
import second
[ $good -eq 0 ] || { ctl orders import "$file" || true; fc_fail "not every line is an order" "see $folder/first.jsonl"; }

fc_step "the day: export, the institution's answer, books"
ctl clock advance "$day 18:30" > /dev/null
answer_until 9999
ctl orders answer "$file" --output-dir "$folder/answer" | sed 's/^/       /' || good=1
ctl break list --all > "$folder/breaks.txt" || good=1
ctl ledger trial-balance --verify > "$folder/books.txt" || good=1
ctl --json orders import "$file" > "$folder/third.json" || good=$?
confirmed=$(ctl --json orders answer "$file" --output-dir "$folder/answer" | field confirmed)
breaks=$(ctl --json break list --all | grep -c '"break":' || true)
lines=$(field lines < "$folder/first.json")
again=$(field repeated < "$folder/third.json")
echo "       $confirmed of $lines confirmed, $breaks breaks, $again repeated by an import afterwards"
[ "$confirmed" = "$lines" ] && [ "$breaks" = 0 ] && [ "$again" = "$lines" ] || good=1
stop_server || fc_fail "the server did not stop as it should" "see $folder/fundcore.log"
"$bin/fundcore" check-replay --data "$folder/data" > "$folder/replay.txt" || good=1
printf '%s; the answer is in %s\n' "$([ $good -eq 0 ] && echo good || echo "NOT GOOD")" "$folder/answer"
exit $good
