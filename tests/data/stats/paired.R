# SPDX-License-Identifier: GPL-3.0-or-later
# Works out the values in paired.txt with R. The tests read paired.txt only; R is not needed to run them.
# Make anew: Rscript tests/data/stats/paired.R > tests/data/stats/paired.txt
#
# Lines: "case NAME", "d ..." (the differences), then, each with 17 significant digits:
#   test V P EXACT        wilcox.test(d, exact = TRUE); with ties or zeros, where R approximates, P of all
#                         2^n signs of the ranks written out (1); from 50 differences on R's approximation (0)
#   shift ESTIMATE LO HI  below 50, median and the qsignrank(0.025, n)-th Walsh average from either end: without
#                         ties wilcox.test(d, exact = TRUE, conf.int = TRUE), which is checked here
f <- function(x) paste(formatC(x, digits = 17, format = "g"), collapse = " ")
all_signs <- function(d) {
	d <- d[d != 0]
	r <- rank(abs(d))
	v <- as.matrix(expand.grid(rep(list(0:1), length(d)))) %*% r
	mid <- sum(r) / 2
	mean(abs(v - mid) >= abs(sum(r[d > 0]) - mid))
}
emit <- function(name, d) {
	n <- length(d)
	smooth <- all(d != 0) && !any(duplicated(abs(d)))
	t <- suppressWarnings(wilcox.test(d, exact = n < 50, conf.int = n < 50 && smooth))
	p <- if (all(d == 0)) 1 else if (n < 50 && !smooth) all_signs(d) else t$p.value
	cat("case", name, "\nd", f(d), "\ntest", f(sum(rank(abs(d[d != 0]))[d[d != 0] > 0])), f(p),
		as.integer(n < 50), "\n")
	w <- outer(d, d, `+`)
	w <- sort(w[!lower.tri(w)] / 2)
	k <- qsignrank(0.025, n)
	if (k == 0 || n >= 50)
		return(invisible())
	shift <- c(median(w), w[k], w[length(w) + 1 - k])
	if (smooth)
		stopifnot(all.equal(shift, c(t$estimate, t$conf.int), check.attributes = FALSE, tolerance = 1e-12))
	cat("shift", f(shift), "\n")
}
cat("#", R.version.string, "; made by paired.R\n")
# Hollander and Wolfe (1973), 29f: Hamilton depression scale factor of 9 patients before and after a
# tranquilizer (the example of ?wilcox.test).
emit("depression", c(0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29) -
	c(1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30))
# Darwin's cross- and self-fertilised maize, height differences in eighths of an inch (Fisher 1935, 17).
emit("maize", c(49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48))
# Cushny and Peebles' sleep data ("Student" 1908), the data set `sleep`: a tie and a 0.
emit("sleep", round(10 * (sleep$extra[sleep$group == 2] - sleep$extra[sleep$group == 1])))
emit("ties-14", c(1, 1, 1, -1, 2, 2, -2, 3, 3, 0, 0, 4, 5, 5))
emit("one-sign-6", 1:6)
emit("all-equal-8", rep(2, 8))
emit("zeros-7", rep(0, 7))
emit("one-of-7", c(0, 0, 0, 3, 0, 0, 0))
emit("one", 2)
set.seed(7)
emit("normal-12", rnorm(12, 0.5))
emit("normal-20", rnorm(20, 0.3))
emit("normal-49", rnorm(49, 0.2))
emit("normal-60", rnorm(60, 0.2))
emit("ties-64", round(rnorm(64, 0.3), 1))
