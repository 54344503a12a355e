// Parts slides that are too full, keeps letters large enough, counts minutes, and starts reveal.js.
(() => {
  const SMALLEST = 18; // px on a slide of 1280 x 720
  const root = document.documentElement;
  const printing = /print-pdf/.test(location.search);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => root.setAttribute("data-jp-theme-light", String(printing || !dark.matches));
  dark.addEventListener("change", theme);
  theme();

  const slides = document.querySelector(".slides");
  const body = section => section.querySelector(".body");
  const shown = e => e.getClientRects().length > 0;

  // -- what a notebook unfolds at a click -------------------------------------------------------
  function unfold(section) {
    for (const figure of section.querySelectorAll("figure.npl")) {
      const fold = figure.querySelector(":scope details.npl-option");
      figure.querySelectorAll("pre.npl-fallback").forEach(e => e.remove());
      if (section.matches(".asked, .answered")) figure.querySelectorAll(".npl-quiet").forEach(e => e.remove());
      if (!fold) continue;
      for (const each of fold.querySelectorAll("details")) {
        const open = document.createElement("div");
        open.append(...each.querySelector("summary").childNodes, ...[...each.children].slice(1));
        each.replaceWith(open);
      }
      const why = document.createElement("div");
      why.append(...[...fold.children].slice(1));
      const only = section.classList.contains("answered");
      const answer = only ? section : after(section);
      answer.className = "answered";
      if (only) {
        fold.remove();
        figure.querySelectorAll(".npl-body > .npl-option").forEach(e => e.remove());
        figure.querySelector(".npl-body").append(why);
      } else {
        const copy = figure.cloneNode(true);
        copy.querySelectorAll(".npl-body > *").forEach(e => e.remove());
        copy.querySelector(".npl-body").append(why);
        body(answer).append(copy);
        fold.remove();
      }
    }
  }

  // A slide after this one, with its head and notes and no body.
  function after(section) {
    const next = section.cloneNode(true);
    body(next).replaceChildren();
    next.dataset.seconds = 0;
    section.after(next);
    return next;
  }

  // -- letters ----------------------------------------------------------------------------------
  // Pictures and tables grow with the slide's size; what would be too small is enlarged alone.
  function enlarge(section) {
    for (const e of section.querySelectorAll("[data-enlarged]")) {
      e.style.removeProperty("font-size");
      e.removeAttribute("data-enlarged");
      e.removeAttribute("dx");
    }
    for (const e of section.querySelectorAll("figure.npl *")) {
      if (!shown(e) || !e.childNodes.length || e.closest(".npl-hide")) continue;
      const size = parseFloat(getComputedStyle(e).fontSize);
      const svg = e.closest("svg");
      const scale = svg ? svg.getBoundingClientRect().width / (svg.viewBox.baseVal.width || 1) : 1;
      if (size * scale >= SMALLEST || (svg && !e.matches("text, tspan"))) continue;
      e.style.setProperty("font-size", `${SMALLEST / scale}px`, "important");
      e.dataset.enlarged = "";
    }
    for (const svg of section.querySelectorAll(".npl-body svg:has([data-enlarged])")) spread([...svg.querySelectorAll("text")], svg);
  }

  // A word that grew must not run into its neighbor on the same line.
  function spread(texts, svg) {
    const scale = svg.getBoundingClientRect().width / (svg.viewBox.baseVal.width || 1);
    for (const e of texts.filter(e => e.dataset.enlarged !== undefined)) {
      const box = e.getBoundingClientRect();
      for (const other of texts) {
        const its = other.getBoundingClientRect();
        const over = box.right + 4 - its.left;
        if (other !== e && Math.abs(its.bottom - box.bottom) < 4 && its.left > box.left && over > 0 && over < 30) {
          other.setAttribute("dx", over / scale);
          other.dataset.enlarged = "";
        }
      }
    }
  }

  // -- parting ----------------------------------------------------------------------------------
  const fits = section => {
    const area = body(section).getBoundingClientRect();
    return [...body(section).querySelectorAll("*")].filter(e => shown(e) && !e.closest(".npl-hide")).every(e => {
      const box = e.getBoundingClientRect();
      return box.bottom <= area.bottom + 1 && box.top >= area.top - 1 && box.right <= area.right + 1;
    });
  };

  // Whether a line of code is broken for want of width.
  const broken = section => [...section.querySelectorAll("pre.code")].some(pre => {
    const high = parseFloat(getComputedStyle(pre).lineHeight) * 1.5;
    return [...pre.children].some(line => line.getBoundingClientRect().height > high);
  });

  // The parts of a block that may go to the next slide, and where they stand in it.
  function parts(block) {
    if (block.matches("pre, ul, ol")) return [block, [...block.children]];
    if (block.matches("table")) return [block.tBodies[0] ?? block, [...(block.tBodies[0]?.rows ?? [])]];
    if (!block.matches("figure")) return [block, []];
    const boxes = [...block.children].filter(e => e.matches(".npl-box, .npl-note, .npl-legend"));
    const inner = block.querySelector(".npl-body");
    if (boxes.some(e => e.matches(".npl-box, .npl-note"))) return [block, boxes.filter(e => !e.matches(".npl-legend"))];
    const table = inner?.querySelector("table");
    if (table) return [table.tBodies[table.tBodies.length - 1] ?? table, [...table.querySelectorAll("tbody tr")]];
    return [inner ?? block, inner ? [...inner.children] : []];
  }

  // The same block with nothing in the place of its parts.
  function shell(block) {
    const empty = block.cloneNode(true);
    for (const part of parts(empty)[1]) part.remove();
    if (block.matches("figure") && block.querySelector(":scope > .npl-box, :scope > .npl-note")) {
      empty.querySelectorAll(".npl-body, .npl-legend").forEach(e => e.remove());
    }
    return empty;
  }

  // Move the last part of a block to the beginning of what its shell holds.
  function take(piece, block, target) {
    if (piece.matches("tr")) {
      if (!target.querySelector("tbody")) { // its notes went on before its rows
        const table = block.querySelector(".npl-body").cloneNode(true);
        table.querySelectorAll("tbody tr").forEach(e => e.remove());
        target.querySelector(":scope > .npl-box, :scope > .npl-note").before(table);
      }
      [...target.querySelectorAll("tbody")].at(-1).prepend(piece);
    } else if (piece.parentElement === block && block.matches("figure")) {
      const first = target.querySelector(":scope > .npl-box, :scope > .npl-note");
      if (first) first.before(piece);
      else target.append(piece);
    } else parts(target)[0].prepend(piece);
  }

  function part(section) {
    const box = body(section);
    const sizes = ["huge", "large", "normal", "compact", "bare"];
    for (const size of sizes) {
      const conclusion = box.querySelector(":scope > .takeaway");
      if (size === "compact" && conclusion && box.children.length > 1) {
        const next = after(section);
        next.className = "told";
        body(next).append(...conclusion.childNodes);
        conclusion.remove();
        return part(section);
      }
      section.classList.remove(...sizes);
      section.classList.add(size, ...(size === "bare" ? ["compact"] : []));
      enlarge(section);
      if (fits(section) && !(/huge|large/.test(size) && broken(section))) {
        if (size === "bare") section.querySelector("aside").prepend(...section.querySelectorAll(".npl-quiet, .caption"));
        return;
      }
    }
    for (const table of box.querySelectorAll("figure table")) {
      if (table.getBoundingClientRect().right <= box.getBoundingClientRect().right + 1) continue;
      const figure = table.closest("figure"), words = document.createElement("p");
      words.textContent = "This table is wider than a slide. Show it in the notebook.";
      figure.querySelectorAll(".npl-legend").forEach(e => e.remove());
      figure.querySelector(".npl-body").replaceWith(words);
      return part(section);
    }
    for (const columns of box.querySelectorAll(".columns")) {
      columns.replaceWith(...[...columns.children].flatMap(e => [...e.children]));
    }
    section.classList.remove(...sizes);
    section.classList.add("normal");
    enlarge(section);
    const next = after(section);
    next.classList.add("paged");
    section.classList.add("paged");
    for (let guard = 0; guard < 400 && !fits(section); guard++) {
      const block = box.lastElementChild;
      const before = box.children.length - 1;
      const alone = before === 0 || (before === 1 && box.firstElementChild.matches("p, .file"));
      const [, pieces] = parts(block);
      if (!alone || (pieces.length < 2 && before)) {
        body(next).prepend(block);
        if (box.lastElementChild?.matches(".file")) body(next).prepend(box.lastElementChild);
        continue;
      }
      // The last part stays, unless a picture stands above it.
      const least = block.matches("figure") && pieces[0]?.parentElement === block && block.querySelector(".npl-body") ? 1 : 2;
      if (pieces.length < least) break;
      let target = body(next).querySelector(":scope > [data-rest]");
      if (!target) {
        target = shell(block);
        target.dataset.rest = "";
        body(next).prepend(target);
      }
      take(pieces.at(-1), block, target);
    }
    const parted = body(next).querySelector("[data-rest]");
    if (parted) delete parted.dataset.rest;
    else if (box.children.length && body(next).children.length) {
      next.classList.remove("paged");
      section.classList.remove("paged");
      part(section); // only whole blocks went on: what is left may be larger
    }
    if (!body(next).children.length) {
      next.remove();
      section.classList.replace("normal", "compact");
      enlarge(section);
      return;
    }
    const seconds = Number(section.dataset.seconds);
    section.dataset.seconds = Math.ceil(seconds / 2);
    next.dataset.seconds = Math.floor(seconds / 2);
  }

  root.classList.add("measuring");
  [...slides.children].forEach(unfold);
  for (let section = slides.firstElementChild; section; section = section.nextElementSibling) {
    part(section);
  }
  root.classList.remove("measuring");

  // -- minutes ----------------------------------------------------------------------------------
  const all = [...slides.children];
  const total = all.reduce((sum, e) => sum + Number(e.dataset.seconds), 0);
  const clock = seconds => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  let sum = 0;
  all.forEach((section, n) => {
    const seconds = Number(section.dataset.seconds);
    sum += seconds;
    section.dataset.timing = seconds;
    section.querySelector(".clock").textContent = `${Math.round(sum / 60)} of ${Math.round(total / 60)} min`;
    section.querySelector(".number").textContent = `${n + 1} / ${all.length}`;
    const time = document.createElement("p");
    time.textContent = `${clock(seconds)} for this slide; ${clock(sum)} of ${clock(total)} after it.`;
    section.querySelector("aside").append(time);
  });

  Reveal.initialize({
    width: 1280, height: 720, margin: 0, minScale: 0.1, maxScale: 6, center: false, display: "flex",
    hash: true, defaultTiming: 30, transition: "none", controls: false, progress: true, pdfSeparateFragments: false,
    showNotes: printing && "separate-page", scrollActivationWidth: null, plugins: [RevealNotes],
  });
})();
