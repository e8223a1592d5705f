#!/bin/bash
# A record holds what it was made from: the scenario, what it includes, its overrides. `replay` boots the same
# configuration again with the original gone.
# Measures nothing: it may run beside another.
. "$(dirname "$0")/lib.sh"
need_kvm
R=$T/res
mkdir "$T/given"
echo '<shared><guest name="victim"><timer/></guest></shared>' >"$T/given/shared guests.xml"
cat >"$T/given/replayed.xml" <<-X
	<scenario warmup="200ms" duration="30s">
	  <include file="shared guests.xml"/><lab cpus="1"/>
	  <variant name="alone"/>
	  <variant name="beside"><add><noise name="hog" kind="busy"/></add></variant>
  <variant name="played"><set what="guest.victim.placement" to="pinned"/><add><noise name="p" kind="stalls" beside="victim" trace="far.stalls"/></add></variant>
	</scenario>
X
printf '# stealscope stalls 1\nstart_s,length_us,cpu\n0.5,2000,0\n1.1,2000,0\n' >"$T/given/far.stalls"
cp "$T/given/far.stalls" "$T/far.stalls"
$SS run --results "$R" --json --set duration=1s "$T/given/replayed.xml" >"$T/run.json" 2>"$T/err" || bad "run: $(cat "$T/err")"
was=$(basename "$(find "$R" -maxdepth 1 -name '*-beside-*')")
is "the record holds its overrides" "$R/$was/run.json" '.overrides == ["duration=1s"]' .overrides
rm -r "$T/given"

sleep 1.1 # names of records are ordered by the second
$SS replay --results "$R" --json "$was" >"$T/again.json" 2>"$T/err" && ok "replay, its scenario gone" || bad "replay: exit $?: $(cat "$T/err")"
is "the same configuration, measured as long" "$T/again.json" '.variants | length == 1 and .[0].name == "beside" and (.[0].window_s | . > 0.9 and . < 1.5)' '.variants[0] | [.name, .window_s]'
again=$(jq -r '.variants[0].record' "$T/again.json")
cmp -s "$R/$was/scenario.xml" "$R/$again/scenario.xml" && cmp -s "$R/$was/include/shared guests.xml" "$R/$again/include/shared guests.xml" &&
	ok "the new record can be replayed too" || bad "the new record holds another scenario"
diff <(jq -S '[.guests, .noises | map(del(.pid, .vcpus[]?.tid, .tsc_hz, .delivered_ns, .requested_ns, .throttled_ns, .cgroup_id))]' "$R/$was/run.json") \
	<(jq -S '[.guests, .noises | map(del(.pid, .vcpus[]?.tid, .tsc_hz, .delivered_ns, .requested_ns, .throttled_ns, .cgroup_id))]' "$R/$again/run.json") >"$T/diff" &&
	ok "guests and noise are planned alike" || bad "the plans differ: $(head -5 "$T/diff")"

# The trace that was played is in the record, and is played from there.
played=$(basename "$(find "$R" -maxdepth 1 -name '*-played-*')")
cmp -s "$T/far.stalls" "$R/$played/trace/p.stalls" && ok "the record holds the trace that it played" || bad "no trace in the record: $(ls "$R/$played")"
$SS replay --results "$R" --json "$played" >"$T/played.json" 2>"$T/err" || bad "replay of a play, its trace gone: $(cat "$T/err")"
is "the same stalls again" "$T/played.json" '.variants[0].stalls[0].stalls.planned | . >= 1 and . <= 2' '.variants[0].stalls[0].stalls'
cmp -s "$T/far.stalls" "$R/$(jq -r '.variants[0].record' "$T/played.json")/trace/p.stalls" && ok "and its record holds the trace too" || bad "no trace in the record of the replay"

# Another host: the facts that stand still are compared, and what differs stands in the new record.
jq '(.facts[] | select(.key == "kernel.release")).value = "5.10.0-other"' "$R/$was/run.json" >"$T/other.json" && cp "$T/other.json" "$R/$was/run.json"
$SS replay -q --results "$R" "$was" >/dev/null 2>"$T/err" || bad "replay of another host's record: $(cat "$T/err")"
is "another kernel is a warning of the new record" "$(find "$R" -name run.json | sort | tail -1)" '.warnings | any(test("kernel.release was .5.10.0-other"))' '.warnings'

jq '.overrides = ["guest.nobody.vcpus=2"]' "$T/other.json" >"$R/$was/run.json"
expect_exit "overrides that do not fit the scenario" 2 "$SS" replay --results "$R" "$was"
jq 'del(.scenario_file)' "$T/other.json" >"$R/$was/run.json"
expect_exit "a record that does not say what it is of" 2 "$SS" replay --results "$R" "$was"
expect_exit "no such record" 2 "$SS" replay --results "$R" nothing
clean_after "replay"
finish
