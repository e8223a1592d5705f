/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The interactive figures: lines over time, drawn by dygraphs. The data is in #data:
 * {"window_s", "spans": [{"name", "colour", "from", "to"}], "figures": [{"id", "name", "unit", "bin_s", "log",
 * "lines": [{"name", "group", "v": [...], "mean_s", "mean": [...]}]}]}. Lines of a figure with groups are shown one
 * group at a time. All time plots show the same part of the window, those that are static SVG (svg.cells) too. */
"use strict";
(function () {
	const data = JSON.parse(document.getElementById("data").textContent);
	const dashes = [null, [7, 3], [2, 3], [9, 3, 2, 3]];
	const drawn = [];

	function css(name) {
		return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
	}
	function el(parent, tag, className, text) {
		const e = document.createElement(tag);
		if (className) e.className = className;
		if (text !== undefined) e.textContent = text;
		if (parent) parent.appendChild(e);
		return e;
	}
	function colour(i) {
		return css("--c" + i % 8);
	}
	function faint(i) {
		return colour(i) + "55";
	}
	/* Seconds as a person says them: 12 s, 3:05 min, 2:10 h. */
	function clock(s) {
		const pad = (n) => String(Math.floor(n)).padStart(2, "0");
		if (data.window_s <= 300) return String(+s.toFixed(2));
		if (data.window_s <= 3 * 3600) return Math.floor(s / 60) + ":" + pad(s % 60);
		return Math.floor(s / 3600) + ":" + pad(s % 3600 / 60);
	}
	/* Ticks of time where a clock has them: each 15 s, 10 min, 2 h. */
	const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
	function timeTicks(a, b, pixels) {
		const least = (b - a) / Math.max(pixels / 75, 1);
		const step = steps.find((s) => s >= least) || (least < 1 ? 1 : 172800);
		const fine = b - a < 5 ? Math.pow(10, Math.ceil(Math.log10(least))) : step;
		const ticks = [];
		for (let v = Math.ceil(a / fine) * fine; v <= b; v += fine) ticks.push({ v: v, label: clock(v) });
		return ticks;
	}
	function clockName() {
		if (data.window_s <= 300) return "time since measuring began (s)";
		return "time since measuring began " + (data.window_s <= 3 * 3600 ? "(min:s)" : "(h:min)");
	}
	function number(v) {
		if (v === null || v === undefined || Number.isNaN(v)) return "not provided";
		return Math.abs(v) >= 100 ? v.toFixed(0) : String(+v.toPrecision(3));
	}

	/* dygraphs rows: where a bin begins, then one value per line, then those of the means over longer bins; the
	 * last once more, where it ends. */
	function rows(fig, lines) {
		const n = Math.max(...lines.map((l) => l.v.length));
		const value = (v, i) => i < v.length && v[i] !== null && (!fig.log || v[i] > 0) ? v[i] : null;
		const out = [];
		for (let i = 0; i < n; i++)
			out.push([i * fig.bin_s].concat(lines.map((l) => value(l.v, i)),
				lines.filter((l) => l.mean).map((l) => value(l.mean, Math.floor(i * fig.bin_s / l.mean_s)))));
		if (n) out.push([n * fig.bin_s].concat(out[n - 1].slice(1)));
		return out;
	}
	function count(lines) {
		return lines.reduce((n, l) => n + l.v.filter((v) => v !== null).length, 0);
	}

	/* The part of the window that is looked at, the same in all time plots; null: all of it. */
	let busy = false;
	function look(range, except) {
		if (busy) return;
		busy = true;
		drawn.forEach((f) => { if (f !== except) f.g.updateOptions({ dateWindow: range }); });
		document.querySelectorAll("svg.cells").forEach((c) => lookAt(c, range));
		document.documentElement.dataset.range = range ? range.join(" ") : "";
		busy = false;
	}
	function lookAt(cells, range) {
		const plot = cells.parentNode, all = +cells.dataset.seconds, column = +cells.dataset.column;
		const [t0, t1] = range || [0, all];
		const at = (name) => +cells.getAttribute(name);
		const box = cells.getAttribute("viewBox").split(" ");
		const scale = all <= 300 ? 1 : all <= 3 * 3600 ? 60 : 3600;

		cells.setAttribute("viewBox", [t0 / column, 0, (t1 - t0) / column, box[3]].join(" "));
		plot.querySelectorAll(".tx").forEach((e) => e.remove());
		unitTicks(t0 / scale, t1 / scale, at("width")).forEach((v) => {
			const x = at("x") + (v * scale - t0) / (t1 - t0) * at("width"), y = at("y") + at("height");
			plot.insertBefore(svg(plot, "path", { class: "grid tx", d: "M" + x + " " + y + "V" + at("y") }), cells);
			svg(plot, "text", { class: "middle tx", x: x, y: y + 16 }, String(+v.toPrecision(6)));
		});
	}
	function unitTicks(a, b, pixels) {
		const raw = (b - a) / Math.max(pixels / 60, 1), decade = Math.pow(10, Math.floor(Math.log10(raw)));
		const step = decade * ([1, 2, 2.5, 5].find((m) => m * decade >= raw) || 10);
		const ticks = [];
		for (let v = Math.ceil(a / step) * step; v <= b + step * 1e-9; v += step) ticks.push(v);
		return ticks;
	}

	function Figure(box, fig) {
		this.box = box;
		this.fig = fig;
		this.groups = [...new Set(fig.lines.map((l) => l.group || ""))];
		this.top = el(box, "div", "top");
		el(this.top, "strong", "", fig.name);
		el(this.top, "span", "unit", fig.unit);
		if (this.groups.length > 1) this.chooser();
		this.reset = el(this.top, "button", "", "Zoom out");
		this.reset.type = "button";
		this.reset.addEventListener("click", () => { this.all(); this.canvas.focus(); });
		this.canvas = el(box, "div", "canvas");
		this.canvas.tabIndex = 0;
		this.canvas.setAttribute("role", "application");
		this.canvas.setAttribute("aria-label", fig.name + ", " + fig.unit +
			". Arrow keys move from point to point, plus and minus zoom, 0 shows all.");
		this.canvas.addEventListener("keydown", (e) => this.key(e));
		this.axis = el(box, "div", "axis-name", clockName());
		this.readout = el(box, "div", "readout");
		this.readout.setAttribute("aria-live", "polite");
		this.legend = el(box, "div", "lines");
		this.show(this.groups[0]);
	}
	Figure.prototype.chooser = function () {
		const label = el(this.top, "label", "", "of ");
		const select = el(label, "select");
		this.groups.forEach((g) => { el(select, "option", "", g).value = g; });
		select.addEventListener("change", () => this.show(select.value));
	};
	Figure.prototype.show = function (group) {
		this.lines = this.fig.lines.filter((l) => (l.group || "") === group);
		this.means = this.lines.filter((l) => l.mean);
		this.data = rows(this.fig, this.lines);
		this.on = this.lines.map(() => true);
		this.at = -1;
		this.legend.replaceChildren();
		this.swatches = this.lines.map((l, i) => this.entry(l, i));
		if (this.g) this.g.destroy();
		this.draw();
	};
	Figure.prototype.all = function () {
		this.g.resetZoom();
		look(null, this);
	};
	Figure.prototype.entry = function (line, i) {
		const label = el(this.legend, "label");
		const box = el(label, "input");
		box.type = "checkbox";
		box.checked = true;
		box.addEventListener("change", () => {
			this.on[i] = box.checked;
			this.g.setVisibility(i, box.checked);
			if (line.mean) this.g.setVisibility(this.lines.length + this.means.indexOf(line), box.checked);
		});
		const swatch = el(label, "span", "swatch");
		el(label, "span", "", line.name);
		return swatch;
	};
	Figure.prototype.style = function () {
		this.swatches.forEach((s, i) => {
			s.style.borderTopColor = colour(i);
			s.style.borderTopStyle = ["solid", "dashed", "dotted", "dashed"][i % 4];
		});
		const series = {};
		this.lines.forEach((l, i) => { series["y" + i] = { strokePattern: dashes[i % 4] }; });
		this.means.forEach((l, i) => {
			series["m" + i] = { strokeWidth: 6, color: faint(this.lines.indexOf(l)), highlightCircleSize: 0 };
		});
		return {
			colors: this.lines.map((l, i) => colour(i)).concat(this.means.map((l) => faint(this.lines.indexOf(l)))),
			series: series,
			axisLineColor: css("--dim"),
			gridLineColor: css("--grid"),
		};
	};
	Figure.prototype.draw = function () {
		const self = this;
		this.g = new Dygraph(this.canvas, this.data, Object.assign(this.style(), {
			labels: ["t"].concat(this.lines.map((l, i) => "y" + i), this.means.map((l, i) => "m" + i)),
			includeZero: !this.fig.log,
			logscale: this.fig.log,
			underlayCallback: shade,
			plugins: [spanNames],
			stepPlot: true, /* a bin's value is that of all its length */
			strokeWidth: 1.6,
			connectSeparatedPoints: false,
			highlightCircleSize: 4,
			legend: "never",
			rightGap: 24, /* the last number stands at the end of the axis */
			yRangePad: 12,
			axes: {
				x: { ticker: timeTicks },
				y: { axisLabelWidth: 48, pixelsPerLabel: 28 },
			},
			highlightCallback: (e, x, points, row) => self.say(Math.min(row, self.data.length - 2)),
			unhighlightCallback: () => { self.readout.textContent = ""; },
			drawCallback: function (g, first) {
				if (!first && self.g) look(g.isZoomed("x") ? g.xAxisRange() : null, self);
				self.box.dataset.points = count(self.lines);
				self.box.dataset.lines = self.lines.length;
				self.box.dataset.width = g.width_;
				self.box.dataset.shown = g.xAxisRange().map((v) => v.toFixed(3)).join(" to ");
				self.reset.hidden = !g.isZoomed();
			},
		}));
	};
	Figure.prototype.say = function (row) {
		this.at = row;
		const parts = this.lines.map((l, i) => this.on[i] ? l.name + " " + number(l.v[row]) : null);
		this.readout.textContent = clock(this.data[row][0]) + ": " + parts.filter(Boolean).join(" · ");
	};
	Figure.prototype.key = function (e) {
		const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10 }[e.key];
		if (step) {
			this.at = Math.min(Math.max(this.at + step, 0), this.data.length - 2);
			this.g.setSelection(this.at);
			this.say(this.at);
		} else if (e.key === "+" || e.key === "-") {
			const [a, b] = this.g.xAxisRange();
			const mid = this.at >= 0 ? this.data[this.at][0] : (a + b) / 2;
			const half = (b - a) / 2 * (e.key === "+" ? 0.5 : 2);
			this.g.updateOptions({ dateWindow: [mid - half, mid + half] });
		} else if (e.key === "0") {
			this.all();
		} else if (e.key === "Escape") {
			this.g.clearSelection();
			this.readout.textContent = "";
		} else {
			return;
		}
		e.preventDefault();
	};
	Figure.prototype.restyle = function () {
		this.g.updateOptions(this.style());
	};

	/* On paper a figure is an SVG of what the screen shows: Chromium prints a canvas that was redrawn for
	 * the page's width as blank, and paper shows every pixel of one that was not. */
	const page = { w: 640, h: 250, left: 46, right: 622, top: 6, bottom: 230 };
	function svg(parent, tag, attributes, text) {
		const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
		Object.entries(attributes).forEach(([k, v]) => e.setAttribute(k, v));
		if (text !== undefined) e.textContent = text;
		return parent.appendChild(e);
	}
	Figure.prototype.print = function () {
		const [t0, t1] = this.g.xAxisRange();
		const values = this.data.filter((row) => row[0] >= t0 && row[0] <= t1)
			.flatMap((row) => row.filter((v, i) => i > 0 && v !== null && this.on[i - 1]));
		const log = this.fig.log;
		const v0 = log ? Math.min(...values) * 0.9 : values.reduce((a, v) => Math.min(a, v), 0);
		const v1 = log ? Math.max(...values) * 1.1
			: v0 + (values.reduce((a, v) => Math.max(a, v), 0) - v0 || 1) * 1.05;
		const x = (t) => page.left + (t - t0) / (t1 - t0) * (page.right - page.left);
		const part = (v) => log ? Math.log(v / v0) / Math.log(v1 / v0) : (v - v0) / (v1 - v0);
		const y = (v) => page.bottom - part(v) * (page.bottom - page.top);
		const root = svg(this.box, "svg", { class: "plot printed", role: "img",
			viewBox: "0 0 " + page.w + " " + page.h });
		const rule = (d, kind) => svg(root, "path", { d: d, class: kind });

		if (this.printed) this.printed.remove();
		svg(root, "title", {}, this.fig.name);
		const shades = svg(root, "g", { class: "shade" });
		data.spans.filter((s) => s.to > t0 && s.from < t1).forEach((s) => {
			const from = x(Math.max(s.from, t0)), to = x(Math.min(s.to, t1));
			svg(shades, "rect", { class: s.colour.slice(2), x: from, y: page.top, width: to - from,
				height: page.bottom - page.top });
		});
		timeTicks(t0, t1, page.right - page.left).forEach((k) => {
			rule("M" + x(k.v) + " " + page.top + "V" + page.bottom, "grid");
			svg(root, "text", { x: x(k.v), y: page.h - 5, class: "middle" }, k.label);
		});
		Dygraph.numericTicks(v0, v1, page.bottom - page.top, (o) => this.g.getOptionForAxis(o, "y"), this.g)
			.filter((k) => k.label !== undefined && k.v >= v0 && k.v <= v1).forEach((k) => {
				rule("M" + page.left + " " + y(k.v) + "H" + page.right, "grid");
				svg(root, "text", { x: page.left - 6, y: y(k.v) + 4, class: "end" }, k.label);
			});
		rule("M" + page.left + " " + page.top + "V" + page.bottom + "H" + page.right, "axis");
		this.means.forEach((l, k) => {
			const i = this.lines.indexOf(l);
			if (this.on[i]) rule(this.path(this.lines.length + k, x, y, t0, t1), "line mean c" + i % 8);
		});
		this.lines.forEach((l, i) => {
			if (this.on[i]) rule(this.path(i, x, y, t0, t1), "line c" + i % 8);
		});
		names(t0, t1, x, page.right, (name) => 7 * name.length, (name, from, row) =>
			svg(root, "text", { class: "start dim over", x: from + 3, y: page.top + 11 + 14 * row }, name));
		this.box.insertBefore(root, this.axis);
		this.printed = root;
	};
	/* The rows in view, broken where a value is missing; a lone value is a dot (round caps). */
	Figure.prototype.path = function (i, x, y, t0, t1) {
		let d = "", down = false;
		this.data.filter((row) => row[0] >= t0 && row[0] <= t1).forEach((row) => {
			const v = row[i + 1];
			if (v !== null)
				d += down ? "H" + x(row[0]).toFixed(1) + "V" + y(v).toFixed(1)
					: "M" + x(row[0]).toFixed(1) + " " + y(v).toFixed(1) + "h0";
			else if (down)
				d += "H" + x(row[0]).toFixed(1);
			down = v !== null;
		});
		return d;
	};

	/* What was on in a part of the window, behind the lines. */
	function shade(ctx, area, g) {
		ctx.save();
		ctx.globalAlpha = 0.14;
		data.spans.forEach((s) => {
			const from = Math.max(g.toDomXCoord(s.from), area.x);
			const to = Math.min(g.toDomXCoord(s.to), area.x + area.w);

			if (to <= from) return;
			ctx.fillStyle = css(s.colour);
			ctx.fillRect(from, area.y, to - from, area.h);
		});
		ctx.restore();
	}
	/* Its name: write(name, from, row) where it begins, one below the other where they would meet. */
	function names(t0, t1, x, right, width, write) {
		const busy = [0, 0, 0];
		let before = "";

		data.spans.filter((s) => s.to > t0 && s.from < t1).forEach((s) => {
			const from = x(Math.max(s.from, t0)), wide = width(s.name);
			const row = busy.findIndex((b) => b <= from);

			if (s.name === before || row < 0 || from + wide > right) return;
			write(s.name, from, row);
			busy[row] = from + wide + 6;
			before = s.name;
		});
	}
	/* Names over the lines, which they let through at their edges only. */
	const spanNames = {
		activate: () => ({
			didDrawChart: (e) => {
				const ctx = e.drawingContext, g = e.dygraph, area = g.getArea(), [t0, t1] = g.xAxisRange();

				ctx.save();
				ctx.font = "12px system-ui, sans-serif";
				ctx.lineWidth = 4;
				ctx.lineJoin = "round";
				ctx.strokeStyle = css("--paper") + "cc";
				ctx.fillStyle = css("--dim");
				names(t0, t1, (t) => g.toDomXCoord(t), area.x + area.w, (name) => ctx.measureText(name).width,
					(name, from, row) => {
						ctx.strokeText(name, from + 3, area.y + 12 + 14 * row);
						ctx.fillText(name, from + 3, area.y + 12 + 14 * row);
					});
				ctx.restore();
			},
		}),
	};

	function missing(box, why) {
		box.dataset.points = 0;
		el(box, "p", "missing", "Not provided: " + why);
	}

	document.querySelectorAll("[data-figure]").forEach((box) => {
		const fig = data.figures.find((f) => f.id === box.dataset.figure);
		if (!fig || !fig.lines.length)
			missing(box, fig ? fig.missing : "no such figure");
		else
			drawn.push(new Figure(box, fig));
	});
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach((f) => f.restyle()));
	addEventListener("beforeprint", () => drawn.forEach((f) => f.print()));
	addEventListener("afterprint", () => drawn.forEach((f) => f.printed.remove()));
	document.documentElement.dataset.ready = drawn.length;
})();
