// SPDX-License-Identifier: GPL-3.0-or-later
/* The rows of a tuning, whoever reads them. */
#include <stdlib.h>
#include <string.h>

#include "domain/tuning_priv.h"

struct tuning *tuning_new(void)
{
	struct tuning *t = xcalloc(1, sizeof(*t));

	t->fd = -1;
	return t;
}

void tuning_add(struct tuning *t, const char *key, const char *value, bool named)
{
	auto_free char *kernel = tuning_kernel_read(t, key);
	bool by_kernel = tuning_kernel_may(t, key) && kernel;
	struct tuning_row *r;

	ARRAY_GROW(t->rows, t->n_rows);
	r = &t->rows[t->n_rows++];
	/* Named, and yet otherwise in the kernel: its owner went past libvirt, and so do we. */
	by_kernel = by_kernel && (!named || !value || strcmp(kernel, value) != 0);
	r->key = xstrdup(key);
	r->named = named;
	r->way = by_kernel ? TUNING_KERNEL : TUNING_LIBVIRT;
	r->had = xstrdup(by_kernel ? kernel : value ? value : "");
}

struct tuning_row *tuning_row(const struct tuning *t, const char *key)
{
	for (size_t i = 0; i < t->n_rows; i++)
		if (!strcmp(t->rows[i].key, key))
			return &t->rows[i];
	return NULL;
}

void tuning_free(struct tuning *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_rows; i++) {
		free(t->rows[i].key);
		free(t->rows[i].had);
		free(t->rows[i].want);
	}
	free(t->rows);
	free(t->uri);
	free(t->uuid);
	free(t->name);
	free(t->owner);
	cleanup_close(&t->fd);
	free(t);
}

void tuning_outcome_release(struct tuning_outcome *o)
{
	strv_release(&o->kept);
	strv_release(&o->lost);
	*o = (struct tuning_outcome){0};
}
