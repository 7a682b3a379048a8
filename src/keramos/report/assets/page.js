// Everything here is comfort: each page says all it has to say without it.
"use strict";
(() => {
  const root = document.documentElement;
  const keep = (theme) => { try { localStorage.setItem("keramos-theme", theme); } catch { /* private windows */ } };
  try {
    const kept = localStorage.getItem("keramos-theme");
    if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  } catch { /* the system's own theme then */ }

  const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

  const theme = (button) => {
    const say = () => { button.textContent = dark() ? "Light" : "Dark"; button.setAttribute("aria-label", `switch to ${dark() ? "light" : "dark"} colours`); };
    button.hidden = false;
    button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; keep(root.dataset.theme); say(); });
    say();
  };

  const percent = (part, whole) => (whole ? `${(100 * part / whole).toFixed(1)} %` : "none");
  const rows = (count) => `${count.toLocaleString("en")} row${count === 1 ? "" : "s"}`;

  const threshold = (panel) => {
    const curve = JSON.parse(panel.dataset.curve);
    const slider = panel.querySelector("input");
    const put = (name, text) => { for (const cell of document.querySelectorAll(`[data-curve-cell="${name}"]`)) cell.textContent = text; };
    const dot = document.getElementById("roc-rule");
    const counts = (at) => {
      const [tp, fp] = [curve.true_positives[at], curve.false_positives[at]];
      return { tp, fp, fn: curve.positives - tp, tn: curve.negatives - fp };
    };
    const draw = () => {
      const at = Number(slider.value);
      const { tp, fp, fn, tn } = counts(at), saved = counts(curve.rule);
      const changed = Math.abs(tp - saved.tp) + Math.abs(fp - saved.fp);
      const total = curve.positives + curve.negatives;
      put("true_positives", tp); put("false_positives", fp); put("false_negatives", fn); put("true_negatives", tn);
      put("accuracy", percent(tp + tn, total)); put("precision", percent(tp, tp + fp)); put("recall", percent(tp, curve.positives));
      const better = (tp + tn) - (saved.tp + saved.tn);
      const said = changed === 0 ? "Same decisions as the saved threshold."
        : `${rows(changed)} of ${total.toLocaleString("en")} would be decided otherwise: ${better === 0 ? "as many right as before" : better > 0 ? `${better} more right` : `${-better} fewer right`}.`;
      put("change", said);
      put("at", curve.thresholds[at].toFixed(2));
      slider.setAttribute("aria-valuetext", `threshold ${curve.thresholds[at].toFixed(2)}: ${said}`);
      if (dot) {
        dot.setAttribute("cx", 46 + 302 * fp / (curve.negatives || 1));
        dot.setAttribute("cy", 186 - 174 * tp / (curve.positives || 1));
      }
    };
    panel.hidden = false;
    slider.addEventListener("input", draw);
    panel.querySelector("button").addEventListener("click", () => { slider.value = curve.rule; draw(); });
  };

  // A picture is dropped on the box or pasted anywhere; it becomes the file of the field.
  const pictures = (box, ask) => {
    const input = box.querySelector("input");
    const take = (files) => { if (files.length) { input.files = files; ask(); } };
    const over = (on) => (event) => { event.preventDefault(); box.classList.toggle("over", on); };
    box.addEventListener("dragover", over(true));
    box.addEventListener("dragleave", over(false));
    box.addEventListener("drop", (event) => { over(false)(event); take(event.dataTransfer.files); });
    document.addEventListener("paste", (event) => take(event.clipboardData.files));
  };

  const form = (element) => {
    const out = document.getElementById("explanation");
    const pairs = [...element.querySelectorAll("input[type=range]")].map((range) => [range, document.getElementById(range.dataset.for)]);
    for (const [range, field] of pairs) {
      range.hidden = false;
      range.addEventListener("input", () => { field.value = range.value; });
      field.addEventListener("input", () => { if (field.value !== "") range.value = field.value; });
    }
    let timer = 0, asked = 0;
    const send = (button) => {
      const given = button ? new FormData(element, button) : new FormData(element);
      const headers = { accept: "text/html" };
      if (!("post" in element.dataset)) return fetch(`${element.dataset.explain}?${new URLSearchParams(given)}`, { headers });
      return fetch(element.dataset.explain, { method: "POST", headers, body: given });
    };
    const ask = async (button) => {
      const mine = ++asked;
      out.classList.add("busy");
      try {
        const answer = await send(button);
        const text = await answer.text();
        if (mine !== asked) return;
        if ((answer.headers.get("content-type") || "").startsWith("text/html")) out.innerHTML = text;
        else out.textContent = `The server refuses this (${answer.status}): ${text.slice(0, 300)}`;
      } catch {
        if (mine === asked) out.textContent = "The server does not answer.";
      } finally {
        if (mine === asked) out.classList.remove("busy");
      }
    };
    element.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 120); });
    element.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(timer); ask(event.submitter); });
    for (const box of element.querySelectorAll("[data-drop]")) pictures(box, ask);
    element.addEventListener("reset", () => setTimeout(() => { for (const [range, field] of pairs) range.value = field.value; ask(); }));
  };

  const quiz = (box) => {
    const because = box.querySelector("details");
    box.addEventListener("change", (event) => {
      for (const label of box.querySelectorAll("label")) {
        const input = label.querySelector("input");
        const right = input.value === box.dataset.right;
        label.classList.toggle("right", right);
        label.classList.toggle("wrong", !right && input === event.target);
      }
      box.querySelector("[role=status]").textContent = event.target.value === box.dataset.right ? "Right." : "Not quite.";
      because.open = true;
    });
  };

  const copy = (button) => {
    const text = button.closest(".snippet").querySelector("code");
    if (location.protocol.startsWith("http")) {
      text.textContent = text.textContent.replaceAll("http://127.0.0.1:8501", location.origin).replaceAll("127.0.0.1:8501", location.host);
    }
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  };

  const every = (selector, start) => { for (const element of document.querySelectorAll(selector)) start(element); };
  addEventListener("DOMContentLoaded", () => {
    every("[data-theme-switch]", theme);
    every("[data-curve]", threshold);
    every("form[data-explain]", form);
    every(".quiz", quiz);
    every("[data-copy]", copy);
    every(".drawn", (box) => { box.scrollLeft = (box.scrollWidth - box.clientWidth) / 2; });
  });
})();
