#!/bin/bash
# A domain that libvirt has already, measured as it runs: changed for the run, put back exactly; what cannot be
# measured is one clear line. More of it: tests/domain/live.sh (make check-vm), tests/faults/domain_faults.sh.
# Measures nothing: it may run beside another.
. "$(dirname "$0")/lib.sh"
need_kvm
libvirtd_up >"$T/why" || { skip "domain: $(cat "$T/why")"; finish; }
make -s BUILD="$(dirname "$SS")" "$(dirname "$SS")/tests/busy.elf" >"$T/make" 2>&1 || { bad "the busy guest does not build: $(tail -2 "$T/make")"; finish; }
D=own$$ V="virsh -q -c qemu:///system"
down() { $V destroy "$D" >/dev/null 2>&1; $V managedsave-remove "$D" >/dev/null 2>&1; $V undefine "$D" >/dev/null 2>&1; }
at_exit down
install -m 644 "$(dirname "$SS")/tests/busy.elf" "$T/"
domain_xml "$D" 2 "$T/busy.elf" /dev/null "<cputune><vcpupin vcpu='0' cpuset='0-1'/></cputune>" | sed "s/<serial type='file'>.*<.serial>//" >"$T/domain.xml"
$V define "$T/domain.xml" >/dev/null || { bad "the domain cannot be defined"; finish; }
cat >"$T/$MINE.xml" <<-X
	<scenario name="$MINE" title="A domain as it runs" warmup="100ms" duration="1s">
	<lab cpus="1"/><guest name="vm" kind="domain" domain="$D"/><guest name="metal"><timer/></guest>
	<variant name="stacked"><set what="guest.vm.placement" to="stacked"/></variant>
	</scenario>
X
both() { $V dumpxml "$D" | sed "s/ id='[0-9]*'//"; $V dumpxml --inactive "$D"; }
run() { "$SS" run --results "$T/res" --json "$@" "$T/$MINE.xml"; }

expect_exit "not running and use=live" 2 run --set guest.vm.use=live
expect_exit "no such domain" 4 run --set guest.vm.domain=nobody$$
$V start "$D"
both >"$T/before"
run >"$T/run.json" 2>"$T/err" && ok "a live domain beside a metal guest" || bad "a live domain: exit $?: $(tail -1 "$T/err")"
both >"$T/after"
cmp -s "$T/before" "$T/after" && ok "its XML, live and inactive, is as it was" || bad "its XML changed: $(diff "$T/before" "$T/after" | head -5 | tr '\n' ';')"
record=$(find "$T/res" -maxdepth 1 -name "*$MINE*" | head -1)
is "steal is its run_delay, and says so" "$record/analysis.json" '.variants[0].guests[] | select(.name == "vm") | .sources["steal.rate"] == "run_delay" and .metrics["steal.rate"] == .metrics["run_delay.rate"] and .metrics["steal.rate"] > 100' '[.variants[0].guests[] | select(.name == "vm")][0].metrics["steal.rate"]'
is "lateness is not provided" "$record/analysis.json" '.variants[0].guests[] | select(.name == "vm") | .not_provided["timer.late.p99"] | test("no agent")'
is "run.json says what was changed" "$record/run.json" '.guests[] | select(.name == "vm") | .domain == "'"$D"'" and .use == "live" and (.changed | test("vcpupin.0 0-1 -> [01]"))' '[.guests[] | select(.name == "vm")][0].changed'
"$SS" show --results "$T/res" "$record" 2>/dev/null | grep -q "seen from outside only, with no agent inside: vm" && ok "show says who was seen from outside" || bad "show does not say who was seen from outside"
"$SS" report --results "$T/res" "$record" >/dev/null 2>"$T/err" && grep -q "Seen from outside only, with no agent inside: vm" "$record/report.html" && ok "so does the report" || bad "the report does not say who was seen from outside: $(tail -1 "$T/err")"
# Left where it is, it has its CPU to itself: tracer, pump and who waits keep to the other, by /proc.
allowed() { awk -v comm="$2" '/^Name/ { name = $2 } /^Cpus_allowed_list/ && name ~ comm { print $2 }' /proc/"$1"/task/*/status 2>/dev/null | sort -u | paste -sd,; }
echo "<scenario name=\"$MINE-left\" warmup=\"0\" duration=\"1s\"><guest name=\"vm\" kind=\"domain\" domain=\"$D\"/></scenario>" >"$T/left.xml"
for cpu in 0 1; do
	$V vcpupin "$D" 0 $cpu
	$V vcpupin "$D" 1 $cpu
	"$SS" run -q --results "$T/res" "$T/left.xml" >/dev/null 2>"$T/err" & harness=$!
	hostd=
	for _ in $(seq 100); do hostd=$(pgrep -P $harness -f stealscope-hostd) && break; sleep 0.05; done
	where=
	while kill -0 $harness 2>/dev/null; do
		where="$(allowed "$hostd" host) $(allowed $harness stealscope-pump) $(awk '/^Cpus_allowed_list/ { print $2 }' /proc/$harness/status 2>/dev/null)"
		[ "$where" = "$((1 - cpu)) $((1 - cpu)) $((1 - cpu))" ] && break
		sleep 0.05
	done
	wait $harness || bad "a domain on CPU $cpu: $(tail -1 "$T/err")"
	grep -h 'the host changed' "$T"/res/*left*/run.json >"$T/changed" && bad "its record says of its own doing: $(head -1 "$T/changed")"
	[ "$where" = "$((1 - cpu)) $((1 - cpu)) $((1 - cpu))" ] && ok "a domain on CPU $cpu: tracer, pump and harness are on the other" || bad "a domain on CPU $cpu: tracer, pump and harness may be on CPU ${where:-unknown}"
done
expect_exit "a copy of a domain without disks" 0 run --set guest.vm.use=copy
# Nobody has no rights on it.
mkdir "$T/bin" "$T/nobody"
chown nobody "$T/nobody"
install -m 755 "$SS" "$(dirname "$SS")/stealscope-hostd" "$(dirname "$SS")/stealscope-agent" "$T/bin/"
chmod 644 "$T/$MINE.xml"
(cd "$T/nobody" && expect_exit "a user who may not change it" 4 runuser -u nobody -- env -i PATH="$PATH" HOME="$T/nobody" XDG_RUNTIME_DIR="$T/nobody" "$T/bin/stealscope" run --connect qemu:///system --results "$T/nobody" "$T/$MINE.xml"
	grep -q "join group libvirt" "$T/err" || bad "it does not say what to do: $(cat "$T/err")"; echo "$PASS $FAIL" >"$T/sub")
read -r PASS FAIL <"$T/sub"
$V suspend "$D"
expect_exit "paused" 2 run
$V resume "$D"
sed 's/kind="domain"/kind="domain" count="2"/' "$T/$MINE.xml" >"$T/two.xml"
expect_exit "count of a domain" 2 "$SS" check "$T/two.xml"
[ -z "$(ls /run/stealscope/tuning 2>/dev/null | grep "$($V domuuid "$D")")" ] && ok "no saved tuning is left" || bad "a saved tuning is left"
down
clean_after "domain"
finish
