/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A folder in which a forked child may write what it likes: afterwards it is as it was, for the parent to go on. */
#ifndef SS_TESTS_INJECT_KEEP_H
#define SS_TESTS_INJECT_KEEP_H

void keep_begin(const char *dir); /* once; without it the others do nothing */
void keep_note(void);		  /* before a child is forked */
void keep_restore(void);	  /* when it has ended; for as many children as there are */
void keep_drop(void);		  /* when the parent goes on */

#endif
