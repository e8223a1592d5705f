// SPDX-License-Identifier: GPL-3.0-or-later
/* The vCPUs of a view, put together by VM. */
#include <stdlib.h>

#include "analysis/trace/live.h"

static const struct live_view *sorted; /* qsort() hands no argument on; one view at a time */

static int by_wait(const void *a, const void *b)
{
	const struct live_vcpu *x = &sorted->vcpus[*(const size_t *)a];
	const struct live_vcpu *y = &sorted->vcpus[*(const size_t *)b];

	if (x->wait != y->wait)
		return x->wait < y->wait ? 1 : -1;
	return x->vcpu < y->vcpu ? -1 : x->vcpu > y->vcpu;
}

static int by_worst(const void *a, const void *b)
{
	const struct live_vm *x = a, *y = b;
	double wait = sorted->vcpus[x->rows[0]].wait, other = sorted->vcpus[y->rows[0]].wait;

	if (wait != other)
		return wait < other ? 1 : -1;
	return x->guest < y->guest ? -1 : x->guest > y->guest;
}

static struct live_vm *vm_for(struct live_vm *vms, size_t *n, size_t guest)
{
	for (size_t i = 0; i < *n; i++)
		if (vms[i].guest == guest)
			return &vms[i];
	vms[*n] = (struct live_vm){.guest = guest, .numbered = true, .gone = true};
	return &vms[(*n)++];
}

struct live_vm *live_vms(const struct live_view *v, size_t *n)
{
	struct live_vm *vms = xcalloc(v->n + 1, sizeof(*vms));

	*n = 0;
	for (size_t i = 0; i < v->n; i++) {
		const struct live_vcpu *x = &v->vcpus[i];
		struct live_vm *vm = vm_for(vms, n, x->guest);

		ARRAY_GROW(vm->rows, vm->n);
		vm->rows[vm->n++] = i;
		vm->run += x->run;
		vm->wait += x->wait;
		vm->run_delay += x->run_delay;
		vm->throttled += x->throttled;
		vm->numbered &= x->vcpu != -1;
		vm->gone &= x->gone;
	}
	sorted = v;
	for (size_t i = 0; i < *n; i++) {
		struct live_vm *vm = &vms[i];

		qsort(vm->rows, vm->n, sizeof(*vm->rows), by_wait);
		vm->run /= (double)vm->n;
		vm->wait /= (double)vm->n;
		vm->run_delay /= (double)vm->n;
		vm->throttled /= (double)vm->n;
	}
	qsort(vms, *n, sizeof(*vms), by_worst);
	sorted = NULL;
	return vms;
}

void live_vms_free(struct live_vm *vms, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(vms[i].rows);
	free(vms);
}
