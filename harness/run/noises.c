// SPDX-License-Identifier: GPL-3.0-or-later
/* The noises of a run: started before the guests boot, let go and held by their times, accounted
 * for over the window. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "host/cgroup.h"
#include "run/played.h"
#include "run/priv.h"

static char *noise_words_path(const struct session *s, const struct noise_run *n)
{
	return xasprintf("%s/host/noise-%s.log", s->folder.path, n->plan->name);
}

/* What its processes say goes into the record. */
static int open_words(struct session *s, struct noise_run *n, struct err *e)
{
	auto_free char *path = noise_words_path(s, n);

	n->words = beneath_open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND, 0644);
	return n->words < 0 ? err_sys(e, "%s", path) : 0;
}

int step_noise(struct session *s, struct err *e)
{
	for (size_t i = 0; i < s->n_noises; i++) {
		struct noise_run *n = &s->noises[i];
		int rc = open_words(s, n, e);

		if (!rc)
			rc = n->plan->stalls
				     ? played_start(s, n, e)
				     : noise_start(n->plan, s->info.run, n->words, &n->noise, e);
		if (rc)
			return err_wrap(e, "noise %s", s->noises[i].plan->name);
		if (!n->plan->stalls && !noise_cgroup_path(s->noises[i].noise))
			session_warn(s,
				"noise %s has no control group (this user may make none): it is a task among this user's others, known in blame by its name",
				s->noises[i].plan->name);
	}
	return 0;
}

/* A noise that had nothing to say leaves no file. */
static void close_words(struct session *s, struct noise_run *n)
{
	auto_free char *path = noise_words_path(s, n);
	struct stat st;

	if (n->words < 0)
		return;
	if (fstat(n->words, &st) == 0 && !st.st_size)
		beneath_unlink(path);
	close(n->words);
	n->words = -1;
}

void undo_noise(struct session *s)
{
	for (size_t i = 0; i < s->n_noises; i++) {
		noise_stop(s->noises[i].noise);
		s->noises[i].noise = NULL;
		close_words(s, &s->noises[i]);
		played_end(&s->noises[i]);
	}
	cgroup_reap(s->info.run, NULL);
}

int noise_schedule(struct session *s, uint64_t t, struct err *e)
{
	for (size_t i = 0; i < s->n_noises; i++) {
		struct noise_run *n = &s->noises[i];
		bool wanted = t >= n->plan->start_ns && (!n->plan->stop_ns || t < n->plan->stop_ns);
		int rc = 0;

		if (wanted != n->running)
			rc = wanted ? noise_resume(n->noise, e) : noise_pause(n->noise, e);
		if (rc)
			return err_wrap(e, "noise %s", n->plan->name);
		n->running = wanted;
	}
	return 0;
}

void noises_account(struct session *s, int sign)
{
	for (size_t i = 0; i < s->n_noises; i++) {
		struct noise_run *n = &s->noises[i];
		struct noise_report r = {0};
		struct err e = ERR_INIT;

		if (noise_read(n->noise, &r, &e)) {
			session_warn(s, "noise %s cannot be measured: %s", n->plan->name, e.msg);
			continue;
		}
		n->info->requested_ns += (uint64_t)sign * r.requested_ns;
		n->info->delivered_ns += (uint64_t)sign * r.delivered_ns;
		n->info->throttled_ns += (uint64_t)sign * r.throttled_ns;
		n->info->died = r.died;
	}
}

void noises_judge(struct session *s)
{
	for (size_t i = 0; i < s->n_noises; i++) {
		struct run_noise *n = s->noises[i].info;
		const char *path = noise_cgroup_path(s->noises[i].noise);
		struct stat st;
		double share =
			n->requested_ns ? (double)n->delivered_ns / (double)n->requested_ns : 1;

		if (path && stat(path, &st) == 0)
			n->cgroup_id = (uint64_t)st.st_ino;
		if (n->died)
			session_warn(s, "noise %s ended by itself in mid-run", n->name);
		else if (s->noises[i].plan->stalls)
			continue; /* judged by what it wrote down */
		else if (!n->requested_ns && n->delivered_ns < s->plan->duration_ns / 1000)
			session_warn(s, "noise %s used no CPU in the window", n->name);
		else if (share < 0.95)
			session_warn(s, "noise %s got %.0f %% of the CPU it asked for: %s", n->name,
				100 * share,
				n->throttled_ns > n->requested_ns / 100
					? "its own quota held it back"
				: n->throttled_ns ? "quota and contention"
						  : "it shared its CPUs with others");
	}
}
