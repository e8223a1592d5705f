/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one way to files below a folder that the user names: a results folder, a record in it, an
 * output. Such a folder may be another user's too, who renames in it and plants links while a run of
 * root's is at work.
 *
 * A folder is held: opened once, by its name. From then on every name below it goes by that handle,
 * no symbolic link on the way and no way out (openat2(2): RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS), even
 * when the folder is renamed and another stands in its place. A name below no held folder is its own
 * folder's, found by name, and a last part that may not be a link.
 *
 * Calls are named after the system's and answer as they do: -1 and errno; ELOOP for a link, EXDEV for
 * a way out. What is opened is a regular file or a folder (EINVAL for others), and what is written to
 * has one name only (EMLINK). The harness holds and drops folders from its main thread alone.
 * `make layers` refuses open(), fopen() and the like in the rooms that work in such folders.
 */
#ifndef SS_BASE_BENEATH_H
#define SS_BASE_BENEATH_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"

#define BENEATH_HELD_MAX 64 /* at the same time */

/* Hold a folder that is there; once more for one that is held already. It is dropped as often. */
int beneath_hold(const char *dir, struct err *e);
/* Make a folder (0755) and hold it: the one that was made, by this user, and no other. */
int beneath_make(const char *dir, struct err *e);
void beneath_drop(const char *dir);
/* After a fork whose child closes what it inherited: nothing is held there. */
void beneath_forget(void);
/* The handle of a held folder; -1 of another. */
int beneath_handle(const char *dir);
bool beneath_is_held(const char *path); /* `path` is a held folder or below one */

/* Of `flags` O_TRUNC takes effect once the file has been looked at; O_NOFOLLOW, O_CLOEXEC and
 * O_NOCTTY are always on. */
int beneath_open(const char *path, int flags, mode_t mode);
/* As beneath_open(), below the folder of that handle. */
int beneath_open_at(int dir, const char *name, int flags, mode_t mode);
FILE *beneath_fopen(const char *path, const char *mode); /* "r", "w", "wx" */
DIR *beneath_opendir(const char *path);
int beneath_stat(const char *path, struct stat *st); /* of a link: of the link itself */
int beneath_mkdir(const char *path, mode_t mode);
int beneath_unlink(const char *path);
int beneath_remove(const char *path);		      /* a file, or a folder that is empty */
int beneath_rename(const char *from, const char *to); /* a folder that is held stays held */
/* `path` from / on, without empty parts and "."; ".." stays: it is refused below a held folder, and
 * elsewhere means what the kernel says. Caller frees. */
char *beneath_full_name(const char *path);

#endif
