# Experiments on Xen: metal guests as PVH, their steal by Xen's run states, the record's trace by xentrace. Sourced by
# tests/xen/inside.sh.
# shellcheck shell=bash disable=SC2154

# xrun NAME GUESTS...: run the scenario of these guests on CPU 1 for 6 s; $T/NAME.json is the analysis.
xrun() {
	local name=$1
	shift
	cat >"$T/$name.xml" <<-S
	<scenario name="$name" duration="6s" warmup="1s"><lab cpus="1"/>$*</scenario>
	S
	$SS run $X --json --results results "$T/$name.xml" >"$T/$name.json" 2>"$T/err" && ok "$name runs" || bad "$name: $(tail -n 3 "$T/err")"
}
busy() { echo "<guest name='$1' placement='${3:-pinned}' ${2:-}><timer period='10ms'/><job iterations='2000000'/></guest>"; }
guest() { echo ".variants[0].guests[] | select(.name == \"$1\")"; }
metric() { echo "$(guest "$1") | .metrics[\"$2\"]"; }
between() { # NAME GUEST METRIC LOW HIGH
	is "$1" "$T/$name.json" "$(metric "$2" "$3") | . != null and . > $4 and . < $5" "$(metric "$2" "$3")"
}
blamed() { # NAME GUEST CONDITION on its first culprit
	is "$1" "$T/$name.json" "[.variants[0].blame[] | select(.victim == \"$2/vcpu0\")][0] | $3" "[.variants[0].blame[] | select(.victim == \"$2/vcpu0\")][0]"
}
checked() {
	is "$name: the guest's steal is what Xen booked, within 0.1 %" "$T/$name.json" '.variants[0].checks.steal_vs_run_delay | . != null and . <= 0.001' '.variants[0].checks.steal_vs_run_delay'
	is "$name: run + wait + sleep are all of it" "$T/$name.json" '.variants[0].checks.state_conservation | . != null and . <= 0.001' '.variants[0].checks.state_conservation'
	is "$name: nothing is lost" "$T/$name.json" '.lost.guest == 0 and .lost.host == 0' .lost
}

pair_rows() {
	local name=pair g
	xrun pair "$(busy a)" "$(busy b)"
	checked
	for g in a b; do
		between "$g loses half of its time" $g steal.rate 490 510
		between "$g waits half of its time" $g wait.rate 490 510
		blamed "$g: it is the other who has the CPU" $g '.kind == "vm" and .share > 95'
	done
}

limits_rows() {
	local name=weights
	xrun weights "$(busy a "shares='2048'")" "$(busy b)"
	checked
	# Not to the per cent: what credit is left when credit2 gives new credit is lost to who had it.
	between "the one with twice the weight loses about a third" a steal.rate 300 400
	between "the other about two thirds" b steal.rate 600 700

	name=cap
	xrun cap "$(busy a "quota='25ms' period='100ms'")"
	checked
	between "a cap of 25 takes three quarters" a throttle.rate 730 770
	blamed "it is named as the quota" a '.kind == "quota" and .share > 95'
	between "and is no steal" a steal.rate -1 30
}

crowd_rows() {
	local name=four g
	xrun four "$(busy a)" "$(busy b)" "$(busy c)" "$(busy d)"
	checked
	for g in a b c d; do between "$g of four loses three quarters" $g steal.rate 735 765; done

	name=smp
	xrun smp "$(busy a "vcpus='2'" stacked)"
	checked
	between "two vCPUs of one guest lose half of their time" a steal.rate 490 510
	is "each to the other" "$T/smp.json" '[.variants[0].blame[] | select(.share > 95) | .culprit] | sort == ["vm a vcpu0", "vm a vcpu1"]' '.variants[0].blame'
}

# Guests with a kernel, as PV: their page by grants, their steal by /proc/stat, in steps of 10 ms and with the "offline" that
# metal guests leave out.
linux_rows() {
	local name=linux g more="kind='linux' memory='192MiB'"
	xrun linux "$(busy a "$more kernel='host'")" "$(busy b "$more kernel='distro'")"
	is "linux: run + wait + sleep are all of it" "$T/$name.json" '.variants[0].checks.state_conservation | . != null and . <= 0.001' '.variants[0].checks.state_conservation'
	is "linux: nothing is lost" "$T/$name.json" '.lost.guest == 0 and .lost.host == 0' .lost
	for g in a b; do
		between "linux $g loses half of its time" $g steal.rate 480 520
		is "linux $g: its steal is the trace's waiting, within 2 %" "$T/$name.json" "$(guest $g) | .metrics | (.[\"steal.rate\"] - .[\"wait.rate\"]) | fabs < 10" "$(guest $g) | .metrics | [.[\"steal.rate\"], .[\"wait.rate\"]]"
		blamed "linux $g: it is the other who has the CPU" $g '.kind == "vm" and .share > 90'
	done
}

# Pinned against float, in blocks of one boot each, and what compare makes of them: three busy vCPUs on two CPUs. Pinned, guest
# b's one is beside another; floating, all three come near to a third.
compare_rows() {
	cat >"$T/apart.xml" <<-S
	<scenario name="apart" duration="4s" warmup="500ms"><lab cpus="2"/>
		$(busy a "vcpus='2'") $(busy b)
		<variant name="pinned"/>
		<variant name="float"><set what="guest.a.placement" to="float"/><set what="guest.b.placement" to="float"/></variant>
	</scenario>
	S
	$SS batch $X -n "${XEN_BLOCKS:-6}" --cool-down=0 --json --results "$T/batch" "$T/apart.xml" >"$T/batch.json" 2>"$T/err" && ok "batch ends with 0" || bad "batch: $(tail -n 3 "$T/err")"
	$SS compare --results "$T/batch" --baseline float --guest b --metric steal.rate --json scenario=apart >"$T/compare.json" 2>"$T/err" || bad "compare: $(tail -n 3 "$T/err")"
	is "compare: pinned beside another, b loses more, in whole blocks" "$T/compare.json" \
		'.comparisons[0].metrics[] | select(.name == "steal.rate") | .verdict == "a_better" and .shift > 100 and .blocks == '"${XEN_BLOCKS:-6}"' and .left_out == [0, 0]' '.comparisons[0].metrics[0].words'
}
