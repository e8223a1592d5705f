# SPDX-License-Identifier: GPL-3.0-or-later
# Works out the values in values.txt with R. The tests read values.txt only; R is not needed to run them.
# Make anew: Rscript tests/data/stats/values.R > tests/data/stats/values.txt
#
# Lines: "case NAME", "a ...", "b ..." (the samples), then what R says, each 17 significant digits:
#   mw W P EXACT              wilcox.test(b, a)
#   shift ESTIMATE LO HI      wilcox.test(b, a, conf.int = TRUE), exact cases only
#   delta D                   2 W / (n m) - 1
#   quantile P VALUE          quantile(b, P, type = 7)
#   median LO HI              order statistics qbinom(0.025, n, 1/2) and its mirror image, of b
# and of vectors of p-values: "holm NAME", "p ...", "adjusted ..." by p.adjust(p, "holm").
f <- function(x) paste(formatC(x, digits = 17, format = "g"), collapse = " ")
emit <- function(name, a, b) {
	exact <- length(a) < 50 && length(b) < 50 && !any(duplicated(c(a, b)))
	t <- suppressWarnings(wilcox.test(b, a, exact = exact, conf.int = exact, conf.level = 0.95))
	cat("case", name, "\na", f(a), "\nb", f(b), "\n")
	cat("mw", f(t$statistic), f(t$p.value), as.integer(exact), "\n")
	if (exact)
		cat("shift", f(t$estimate), f(t$conf.int), "\n")
	cat("delta", f(2 * t$statistic / (length(a) * length(b)) - 1), "\n")
	for (p in c(0, 0.05, 0.25, 0.5, 0.9, 0.99, 1))
		cat("quantile", p, f(quantile(b, p, type = 7, names = FALSE)), "\n")
	k <- qbinom(0.025, length(b), 0.5)
	if (k > 0)
		cat("median", f(c(sort(b)[k], sort(b)[length(b) + 1 - k])), "\n")
	for (x in c(min(b) - 1, b[1], median(b), max(b)))
}
cat("#", R.version.string, "; made by values.R\n")
# Hollander and Wolfe (1973), 69f: permeability of the human chorioamnion at term and at 12 to 26 weeks
# (the example of ?wilcox.test).
emit("permeability", c(1.15, 0.88, 0.90, 0.74, 1.21),
	c(0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46))
# Cushny and Peebles' sleep data ("Student" 1908), the data set `sleep`: it has ties.
emit("sleep", sleep$extra[sleep$group == 1], sleep$extra[sleep$group == 2])
# Ozone in May and August, data set `airquality` (?wilcox.test): ties.
emit("ozone", na.omit(airquality$Ozone[airquality$Month == 5]),
	na.omit(airquality$Ozone[airquality$Month == 8]))
# Fuel economy by gearbox, data set `mtcars`: ties.
emit("mtcars", mtcars$mpg[mtcars$am == 0], mtcars$mpg[mtcars$am == 1])
# Plant weights, data set `PlantGrowth`, control and treatment 2.
emit("plants", PlantGrowth$weight[PlantGrowth$group == "ctrl"],
	PlantGrowth$weight[PlantGrowth$group == "trt2"])
emit("apart-6", 1:6, 11:16)
emit("equal", rep(3, 8), rep(3, 7))
set.seed(7)
emit("normal-12", rnorm(12), rnorm(12, 1))
emit("normal-20", rnorm(20), rnorm(20, 0.5))
emit("normal-49", rnorm(49), rnorm(49, 0.3))
emit("normal-60-55", rnorm(60), rnorm(55, 0.3))
emit("one-one", 1, 2)
for (p in list(c(0.01, 0.02, 0.03, 0.04, 0.05), c(0.04, 0.001, 0.5, 0.012, 0.012, 0.9), 0.03))
	cat("holm x\np", f(p), "\nadjusted", f(p.adjust(p, "holm")), "\n")
