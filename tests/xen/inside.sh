#!/bin/bash
# Run in the lab of `scripts/lab-vm --hypervisor xen`: what stealscope says of a Xen box, held against what the guests say
# and against what must come out. The lab is an emulation: function and accounting, not speed.
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/guest.sh"
. "$(dirname "$0")/run.sh"
. "$(dirname "$0")/faults.sh"
X="--connect xen:///system"
grep -qs control_d /proc/xen/capabilities || { skip "this is no dom0: make check-xen"; finish; }

doctor_rows() {
	$SS doctor $X >"$T/out" 2>&1 && ok "doctor ends with 0" || bad "doctor: $(tail -3 "$T/out")"
	for row in 'good *libvirt .*Xen 4' 'good *xen.cpus .*dom0 may use 0' 'good *xen.scheduler *credit2' 'good *xen.trace' 'xen.run .*metal guests'; do
		grep -qE "$row" "$T/out" && ok "doctor: $row" || bad "doctor has no row '$row': $(grep -E 'xen|libvirt' "$T/out")"
	done
	cat >"$T/two.xml" <<'S'
<scenario name="two" duration="5s">
  <lab cpus="1"/>
  <guest name="a" quota="25ms" period="100ms" placement="pinned"><job/></guest>
  <guest name="b" shares="2048" placement="pinned"/>
</scenario>
S
	expect_exit "check" 0 $SS check $X "$T/two.xml"
	expect_exit "plan" 0 $SS plan $X "$T/two.xml"
	for note in "dom0 keeps house on CPU 0" "weight 512 for shares 2048" "cap 25 % of a CPU"; do
		grep -q "$note" "$T/out" && ok "plan: $note" || bad "plan does not say '$note': $(cat "$T/out")"
	done
	expect_exit "a real-time policy is refused" 4 $SS check $X --set guest.a.policy=fifo "$T/two.xml"

	expect_exit "blame of nobody" 2 $SS blame $X --for 1s nobody
}

blame_rows() {
	# ---- two busy guests and a sleeping one on one CPU
	guest_initrd
	guest_start one 1 burn && guest_start two 1 burn && guest_start three 2 sleep || bad "guests do not start"
	guest_up one && guest_up two && guest_up three || { bad "guests do not come up"; finish; }
	cpu_ms() { $VIRSH cpu-stats "$1" --total | awk '/cpu_time/ {printf "%d", $2 * 1000}'; }
	now_ms() { awk '{printf "%d", $1 * 1000}' /proc/uptime; }
	from=$(guest_ticks one) ran=$(cpu_ms three) at=$(now_ms)
	$SS blame $X --for 20s --interval 20s --json --all >"$T/blame.json" 2>"$T/err" && ok "blame ends with 0" || bad "blame: $(cat "$T/err")"
	ran=$((1000 * ($(cpu_ms three) - ran) / ($(now_ms) - at))) # a sleeping Linux costs the emulator 50 to 160 ms/s
	tail -n 1 "$T/blame.json" >"$T/b.json"
	vm() { echo ".vcpus[] | select(.vm == \"$1\")"; }
	for g in one two; do
		is "$g waits half of the time" "$T/b.json" "$(vm $g) | .wait > 485 and .wait < 515" "$(vm $g) | [.run, .wait, .sleep]"
		is "$g: run, wait and sleep are all of it" "$T/b.json" "$(vm $g) | .run + .wait + .sleep | . > 995 and . < 1005"
	done
	is "one waits for two" "$T/b.json" "$(vm one) | .culprits[0] | .name == \"vm two vcpu0\" and .share > 95" "$(vm one) | .culprits"
	is "three does not wait, and sleeps but for the CPU time of its domain ($ran ms/s)" "$T/b.json" "$(vm three) | .wait < 20 and (.run - $ran | fabs) < 30 and .sleep > 700" "$(vm three) | [.run, .wait, .sleep]"
	steal=$(guest_steal one "$from")
	jq -n --arg s "${steal:-0}" --slurpfile b "$T/b.json" "(\$s | tonumber) as \$s | \$b[0] | $(vm one) | {guest: \$s, trace: .wait}" >"$T/both.json"
	is "the guest's own steal is the trace's waiting" "$T/both.json" '(.guest - .trace) | fabs < 15' .

	# ---- a cap, alone on its CPU
	$VIRSH destroy two >/dev/null
	$VIRSH schedinfo one --set cap=25 >/dev/null
	sleep 2
	$SS blame $X --for 20s --interval 20s --json one >"$T/blame.json" 2>"$T/err" || bad "blame: $(cat "$T/err")"
	tail -n 1 "$T/blame.json" >"$T/b.json"
	is "a cap of 25 takes three quarters" "$T/b.json" "$(vm one) | .throttled > 730 and .throttled < 770" "$(vm one) | [.run, .wait, .throttled]"
	is "it is named as the quota" "$T/b.json" "$(vm one) | .culprits[0].kind == \"quota\"" "$(vm one) | .culprits"
	is "and is no steal" "$T/b.json" "$(vm one) | .run_delay < 30" "$(vm one) | .run_delay"

	# ---- nothing is left
	pgrep xentrace >/dev/null && bad "an xentrace is left" || ok "no xentrace is left"
	$SS blame $X --all --json >/dev/null 2>&1 &
	sleep 3
	kill -KILL $!
	sleep 2
	pgrep xentrace >/dev/null && bad "an xentrace outlives a killed blame" || ok "nor does one outlive a blame that was killed"
	for g in one three; do $VIRSH destroy $g >/dev/null; done # the next rows want the CPU
}

for part in "${@:-doctor pair limits crowd linux blame faults compare}"; do
	for rows in $part; do "${rows}_rows"; done
done
finish
