// The panel of helpers/webcam.py on the page: shows pictures, counts down, and sends one picture at
// a time to the kernel. Moves, readings, score and files are the kernel's; nothing is decided here.

const PATIENCE = 60_000; // ms without an answer, or out of sight: then the camera goes off
const BUSY = 2_000; // ms without an answer: then the page says so
const BEAT = 700; // ms of a number of the countdown
const LONGEST = 480; // pixels of the square that is sent; a camera of 640x480 is not resized
const LARGEST = 8_000_000; // bytes of an uploaded picture
const HINTS = ["Hold it still.", "Turn it.", "Closer.", "Further away.", "The other hand, or tilt it."];
const OTHERWISE = "or go on with a picture of your own or the drawn hands";

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Make an element: make("button", { name: "stop", text: "Stop" }, child, ...). */
function make(tag, { text, ...rest } = {}, ...children) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(rest)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

class Silence extends Error {}
class Stopped extends Error {}

/** The way to the kernel: one question at a time, and for each its answer. */
class Line {
  constructor(model, onBusy, onFree) {
    this.model = model;
    this.onBusy = onBusy;
    this.onFree = onFree;
    this.view = crypto.getRandomValues(new Uint32Array(2)).join("-");
    this.number = 0;
    this.last = Promise.resolve();
    this.heard = (answer) => {
      const asked = this.asked;
      if (!asked || answer.view !== this.view || answer.number !== asked.number) return;
      asked.settle(answer);
    };
    model.on("msg:custom", this.heard);
  }

  ask(question, picture) {
    const answer = this.last.catch(() => {}).then(() => this.send(question, picture));
    this.last = answer;
    return answer;
  }

  send(question, picture) {
    if (this.closed) return Promise.reject(new Stopped());
    const number = ++this.number;
    return new Promise((resolve, reject) => {
      const busy = setTimeout(this.onBusy, BUSY);
      const silence = setTimeout(() => this.asked?.settle(null), PATIENCE);
      const settle = (answer, why = "No answer for a minute: is the kernel still running?") => {
        clearTimeout(busy);
        clearTimeout(silence);
        this.asked = null;
        this.onFree();
        if (!answer) reject(new Silence(`${why} The camera is off.`));
        else if (answer.error) reject(new Error(answer.error));
        else resolve(answer.answer);
      };
      this.asked = { number, settle };
      try {
        this.model.send({ ...question, view: this.view, number }, undefined, picture ? [picture] : []);
      } catch {
        settle(null, "This panel has lost its kernel: run its cell again.");
      }
    });
  }

  close() {
    this.closed = true;
    this.model.off("msg:custom", this.heard);
    this.asked?.settle(null);
  }
}

// Where pictures come from. Each has `pace`, ms between two looks, and `grab()`: the bytes of a
// picture, the same as the square shows.

class Camera {
  pace = 150;
  constructor(square) {
    this.square = square;
    this.video = make("video", { playsinline: "" });
    this.video.muted = true;
    this.canvas = make("canvas");
  }

  async open(onEnded) {
    if (!navigator.mediaDevices) {
      throw new Error(
        `The browser gives its camera only to pages from localhost or by https: open this notebook that way, ${OTHERWISE}.`,
      );
    }
    const wanted = { video: { width: { ideal: 640 }, height: { ideal: 480 } }, audio: false };
    try {
      this.stream = await navigator.mediaDevices.getUserMedia(wanted);
    } catch (error) {
      throw new Error(whyNoCamera(error.name));
    }
    this.stream.getVideoTracks()[0].onended = onEnded;
    this.video.srcObject = this.stream;
    await this.video.play().catch(() => {}); // out of sight; `grab` tries again
  }

  async grab() {
    const { video, canvas } = this;
    if (video.paused) await video.play();
    while (!video.videoWidth) await sleep(50);
    const [width, height] = [video.videoWidth, video.videoHeight];
    const side = Math.min(width, height);
    canvas.width = canvas.height = Math.min(side, LONGEST);
    canvas
      .getContext("2d")
      .drawImage(video, (width - side) / 2, (height - side) / 2, side, side, 0, 0, canvas.width, canvas.width);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
    return blob.arrayBuffer();
  }

  freeze() {
    this.square.replaceChildren(this.canvas);
  }

  thaw() {
    this.square.replaceChildren(this.video);
  }

  close() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.video.srcObject = null;
  }
}

function whyNoCamera(name) {
  if (name === "NotAllowedError" || name === "SecurityError") {
    return `The camera was not allowed: allow it beside the page's address and press Camera again, ${OTHERWISE} (VS Code gives no camera to notebooks: open this one in a browser).`;
  }
  if (name === "NotFoundError" || name === "OverconstrainedError") {
    return `There is no camera here: plug one in and press Camera again, ${OTHERWISE}.`;
  }
  if (name === "NotReadableError" || name === "AbortError") {
    return `The camera is in use by another program: close that and press Camera again, ${OTHERWISE}.`;
  }
  return `The camera cannot be used (${name}): try another browser, ${OTHERWISE}.`;
}

/** Pictures that stand still: one of the reader's files, or drawn hands from the kernel. */
class Still {
  constructor(square) {
    this.square = square;
    this.image = make("img", { alt: "The picture that is read" });
  }

  async show(bytes) {
    this.bytes = bytes;
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = URL.createObjectURL(new Blob([bytes]));
    this.image.src = this.address;
  }

  async grab() {
    return this.bytes;
  }

  freeze() {}

  thaw() {
    this.square.replaceChildren(this.image);
  }

  close() {
    if (this.address) URL.revokeObjectURL(this.address);
  }
}

class Upload extends Still {
  pace = Infinity;
  async open(file) {
    if (file.size > LARGEST) {
      throw new Error(`${file.name} has more than 8 MB: save a smaller copy and upload that.`);
    }
    await this.show(await file.arrayBuffer());
  }
}

class Drawn extends Still {
  pace = 1_800;
  async open(line) {
    this.line = line;
    await this.next();
  }

  async next() {
    const { picture } = await this.line.ask({ do: "draw" });
    await this.show(Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0)).buffer);
  }
}

/** What a game and an album share: a square with a picture, buttons, one line that speaks. */
class Panel {
  constructor(model, el) {
    this.model = model;
    this.classes = model.get("classes");
    this.first = model.get("start");
    this.line = new Line(
      model,
      () => this.root.classList.add("wc-busy"),
      () => this.root.classList.remove("wc-busy"),
    );
    this.square = make("div", { class: "wc-square" });
    this.count = make("div", { class: "wc-count", "aria-hidden": "true" });
    this.spoken = make("p", { class: "wc-say", role: "status" });
    this.run = 0;
    this.root = make("div", { class: `wc wc-${model.get("kind")}` });
    el.append(this.root);
    this.told = (message) => message.stop && this.stop();
    model.on("msg:custom", this.told);
    this.leaving = () => this.stop();
    window.addEventListener("pagehide", this.leaving);
  }

  get privacy() {
    const here = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
    return here
      ? "Nothing leaves this computer: pictures go from the browser to this notebook's kernel, and nowhere else."
      : "Pictures go to this notebook's kernel, wherever that runs (in Colab: at Google), and nowhere else.";
  }

  button(name, text, onclick, kind = "") {
    const button = make("button", { name, type: "button", class: `wc-button ${kind}`, text });
    button.onclick = () => this.safely(onclick);
    return button;
  }

  say(text, kind = "") {
    this.spoken.textContent = text;
    this.spoken.className = `wc-say ${kind}`;
  }

  /** Do something, and let the line say what went wrong. */
  async safely(action) {
    try {
      await action();
    } catch (error) {
      if (error instanceof Stopped || this.closed) return;
      if (error instanceof Silence) this.stop(error.message);
      else this.say(error.message, "wc-wrong");
      this.refresh();
    }
  }

  /** Take pictures from here; what was there before is closed. */
  async use(source, ...given) {
    this.stop();
    const run = this.run;
    this.opening = source;
    try {
      await source.open(...given);
    } catch (error) {
      source.close();
      if (run !== this.run) return;
      this.opening = null;
      throw error;
    }
    if (run !== this.run) return source.close(); // stopped, or another begun, while the browser asked
    this.source = source;
    source.thaw();
    this.ready();
    this.refresh();
    this.safely(() => this.live(run));
  }

  useCamera() {
    return this.use(new Camera(this.square), () => this.stop("The camera was unplugged, or taken away."));
  }

  /** Look again and again, as long as this source is in use and nothing else is going on. */
  async live(run) {
    let seen = performance.now();
    while (run === this.run) {
      if (this.root.isConnected && !document.hidden) {
        seen = performance.now();
        if (!this.playing) await this.look(run);
      } else if (performance.now() - seen > PATIENCE) {
        return this.stop("Nobody has looked for a minute: the camera is off.");
      }
      if (this.source?.pace === Infinity) return;
      await sleep(this.source?.pace ?? 100);
    }
  }

  async look() {}

  async countDown(run, words = ["3", "2", "1"]) {
    for (const word of words) {
      this.count.replaceChildren(make("span", { class: "wc-beat", text: word }));
      await sleep(BEAT);
      if (run !== this.run) throw new Stopped();
    }
    this.count.replaceChildren();
  }

  stop(why = "The camera is off.") {
    this.run++;
    this.source?.close();
    if (this.opening !== this.source) this.opening?.close();
    this.source = this.opening = null;
    this.playing = false;
    this.count.replaceChildren();
    this.square.replaceChildren(this.empty());
    this.say(why);
    this.refresh();
  }

  empty() {
    return make("span", { class: "wc-empty", text: "no picture" });
  }

  close() {
    this.stop();
    this.closed = true;
    this.line.close();
    this.model.off("msg:custom", this.told);
    window.removeEventListener("pagehide", this.leaving);
  }
}

class GamePanel extends Panel {
  constructor(model, el) {
    super(model, el);
    this.outcomes = [];
    this.move = make("div", { class: "wc-square wc-move" });
    this.seal = make("figcaption", { text: "the computer" });
    this.pips = make("div", { class: "wc-pips", role: "img" });
    this.numbers = make("div", { class: "wc-numbers" });
    this.bars = this.classes.map((name) => new Bar(name));
    this.cameraButton = this.button("camera", "Camera", () => this.useCamera());
    this.playButton = this.button("play", "Play", () => this.play(), "wc-main");
    this.stopButton = this.button("stop", "Stop", () => this.stop());
    this.input = make("input", { type: "file", accept: "image/*", hidden: "" });
    this.input.onchange = () => {
      const [file] = this.input.files;
      this.input.value = ""; // the same file may be chosen again
      if (file) this.safely(() => this.use(new Upload(this.square), file));
    };
    const others = [this.button("upload", "Upload a picture", () => this.input.click())];
    if (Object.keys(this.first.portraits).length) {
      others.push(this.button("drawn", "Drawn hands", () => this.use(new Drawn(this.square), this.line)));
    }
    this.showed = make("div", { class: "wc-showed" }, make("span", { text: "I showed" }));
    for (const name of this.classes) {
      this.showed.append(this.button(`showed-${name}`, name, () => this.tell(name), "wc-small"));
    }
    this.table = make("div", { class: "wc-table" });
    this.you = make("figcaption", { text: "you" });
    const you = make("div", { class: "wc-frame" }, this.square, this.count);
    this.root.append(
      make(
        "div",
        { class: "wc-stage" },
        make("figure", {}, you, this.you),
        make("div", { class: "wc-middle" }, this.numbers, this.pips),
        make("figure", {}, make("div", { class: "wc-frame" }, this.move), this.seal),
      ),
      make("div", { class: "wc-bars" }, ...this.bars.map((bar) => bar.element)),
      this.spoken,
      make("div", { class: "wc-buttons" }, this.playButton, this.cameraButton, this.stopButton, ...others, this.input),
      this.showed,
      this.table,
      make("p", { class: "wc-note", text: `${this.first.beats}. ${this.privacy}` }),
    );
    this.square.append(this.empty());
    this.hideMove();
    this.score({ you: 0, computer: 0, outcomes: [], over: false });
    this.say("Press Camera, hold a hand into the picture and watch the bars; then Play.");
    this.refresh();
  }

  ready() {
    this.say(this.source.pace === Infinity ? "This is your picture; Play with it." : "Watch the bars. Ready? Press Play.");
  }

  refresh() {
    this.playButton.disabled = !this.source || Boolean(this.playing);
    this.playButton.textContent = this.over ? "New game" : this.outcomes.length ? "Next round" : "Play";
    this.stopButton.disabled = !this.source && !this.opening;
    this.cameraButton.disabled = this.source instanceof Camera;
    this.showed.hidden = !this.decided;
  }

  async look(run) {
    if (this.source instanceof Drawn && this.looked) {
      if (this.decided) return; // leave what was read until the next round
      await this.source.next();
    }
    this.looked = true;
    if (this.decided && this.source.frozen) return;
    const { probabilities } = await this.line.ask({ do: "look" }, await this.source.grab());
    if (run === this.run && !this.playing) this.draw(probabilities);
  }

  draw(probabilities) {
    const best = Math.max(...probabilities);
    this.bars.forEach((bar, at) => bar.draw(probabilities[at], probabilities[at] === best));
  }

  async play() {
    const [run, source] = [this.run, this.source];
    this.playing = true;
    this.decided = false;
    this.press(null);
    this.refresh();
    try {
      source.thaw();
      source.frozen = false;
      const dealt = await this.line.ask({ do: "deal" });
      this.goesOn(run);
      this.score(dealt);
      this.hideMove(dealt.seal);
      for (let attempt = 0; attempt < 3; attempt++) {
        this.say("The computer has chosen. Your hand, please.");
        await this.countDown(run);
        if (source instanceof Drawn) await source.next();
        const frame = await source.grab();
        source.freeze();
        source.frozen = true;
        const read = await this.line.ask({ do: "read" }, frame);
        this.goesOn(run);
        this.draw(read.probabilities);
        if (read.outcome) return this.reveal(read);
        this.say(`Not sure: ${this.between(read.probabilities)}. Again!`, "wc-unsure");
        await sleep(2 * BEAT);
        this.goesOn(run);
        source.thaw();
        source.frozen = false;
        if (source.pace === Infinity) break; // the same picture would be read the same way
      }
      const other = source.pace === Infinity ? "upload another picture" : "show it more clearly, before a plain wall";
      this.say(`Not sure of this hand: ${other}, then press Play. The computer keeps its choice.`, "wc-unsure");
    } finally {
      if (run === this.run) this.playing = false;
      this.refresh();
    }
  }

  goesOn(run) {
    if (run !== this.run) throw new Stopped();
  }

  between(probabilities) {
    const order = probabilities.map((_, at) => at).sort((a, b) => probabilities[b] - probabilities[a]);
    return order.slice(0, 2).map((at) => this.classes[at]).join(" or ");
  }

  hideMove(seal) {
    this.move.replaceChildren(make("span", { class: "wc-hidden", text: "?" }));
    this.move.className = "wc-square wc-move";
    this.you.textContent = "you";
    this.seal.textContent = seal ? `sealed ${seal.slice(0, 8)}` : "the computer";
    this.seal.title = seal ? `SHA-256 of a salt and the move: ${seal}` : "";
  }

  reveal({ move, salt, read, outcome, ...standing }) {
    const portrait = this.first.portraits[move];
    this.move.replaceChildren(
      portrait ? make("img", { src: portrait, alt: `A drawn hand: ${move}` }) : make("span", { class: "wc-word", text: move }),
    );
    this.move.classList.add(`wc-${outcome}`);
    this.you.textContent = `you: ${read}`;
    this.seal.textContent = `the computer: ${move}`;
    this.seal.title = `SHA-256 of "${salt} ${move}"`;
    this.decided = true;
    this.score(standing);
    const end = standing.over ? ` ${this.verdict(standing)}` : "";
    const told = { won: "This round is yours.", lost: "This round is the computer's.", draw: "A draw." }[outcome];
    this.say(`I read ${read}. ${told}${end}`, `wc-${outcome}`);
    this.refresh();
  }

  verdict({ you, computer }) {
    if (you === computer) return `The game ends in a draw, ${you} to ${computer}.`;
    return you > computer ? `You win the game, ${you} to ${computer}!` : `The computer wins the game, ${computer} to ${you}.`;
  }

  score({ you, computer, outcomes, over }) {
    this.outcomes = outcomes;
    this.over = over;
    this.numbers.textContent = `${you} : ${computer}`;
    const pips = Array.from({ length: this.first.rounds }, (_, at) => {
      const outcome = outcomes[at];
      return make("span", { class: `wc-pip ${outcome ? `wc-${outcome}` : ""}`, text: { won: "✓", lost: "✗", draw: "=" }[outcome] ?? "" });
    });
    this.pips.replaceChildren(...pips);
    this.pips.setAttribute("aria-label", `Rounds: ${outcomes.join(", ") || "none yet"}`);
  }

  async tell(shown) {
    const { confusion } = await this.line.ask({ do: "tell", shown });
    this.press(shown);
    this.drawTable(confusion);
  }

  press(shown) {
    for (const button of this.showed.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.name === `showed-${shown}`));
    }
  }

  drawTable(confusion) {
    const head = make("tr", {}, make("th", { text: "shown ↓ read →" }), ...this.classes.map((name) => make("th", { scope: "col", text: name })));
    const rows = confusion.map((row, at) =>
      make(
        "tr",
        {},
        make("th", { scope: "row", text: this.classes[at] }),
        ...row.map((count, column) => make("td", { class: !count ? "wc-none" : at === column ? "wc-right" : "wc-mistake", text: count })),
      ),
    );
    this.table.replaceChildren(make("table", {}, make("caption", { text: "Your hands, as the network read them" }), head, ...rows));
  }
}

class Bar {
  constructor(name) {
    this.fill = make("div", { class: "wc-fill" });
    this.value = make("span", { class: "wc-value", text: "–" });
    this.element = make("div", { class: "wc-bar" }, make("span", { class: "wc-name", text: name }), make("div", { class: "wc-track" }, this.fill), this.value);
  }

  draw(probability, best) {
    this.fill.style.width = `${100 * probability}%`;
    this.value.textContent = `${Math.round(100 * probability)} %`;
    this.element.classList.toggle("wc-best", best);
  }
}

class AlbumPanel extends Panel {
  constructor(model, el) {
    super(model, el);
    this.cameraButton = this.button("camera", "Camera", () => this.useCamera(), "wc-main");
    this.stopButton = this.button("stop", "Stop", () => this.stop());
    this.rows = new Map();
    const list = make("div", { class: "wc-list" });
    for (const name of this.classes) {
      const bar = new Bar(name);
      const take = this.button(`take-${name}`, `Take ${this.first.each}`, () => this.take(name), "wc-small");
      this.rows.set(name, { bar, take });
      list.append(make("div", { class: "wc-row" }, bar.element, take));
    }
    this.root.append(
      make(
        "div",
        { class: "wc-album-stage" },
        make("figure", {}, make("div", { class: "wc-frame" }, this.square, this.count)),
        make("div", { class: "wc-side" }, list, this.spoken, make("div", { class: "wc-buttons" }, this.cameraButton, this.stopButton)),
      ),
      make("p", { class: "wc-note", text: `Pictures are kept in ${this.first.place}, beside the course, until you delete them (in Colab, until the session ends). ${this.privacy}` }),
    );
    this.square.append(this.empty());
    this.counted(this.first.counts);
    this.say("Press Camera, then take thirty pictures of each gesture.");
    this.refresh();
  }

  ready() {
    this.say("Press Take, hold the gesture, and follow the words in the picture.");
  }

  refresh() {
    const idle = this.source && !this.playing;
    this.cameraButton.disabled = Boolean(this.source);
    this.stopButton.disabled = !this.source && !this.opening;
    for (const { take } of this.rows.values()) take.disabled = !idle;
  }

  counted(counts) {
    for (const [name, { bar }] of this.rows) {
      const [have, each] = [counts[name], this.first.each];
      bar.fill.style.width = `${Math.min(100, (100 * have) / each)}%`;
      bar.value.textContent = `${have}`;
      bar.element.classList.toggle("wc-best", have >= each);
    }
    this.counts = counts;
  }

  /** Take pictures in several goes, so that they differ, and a whole go can be held out. */
  async take(gesture) {
    const [run, source] = [this.run, this.source];
    this.playing = true;
    this.refresh();
    try {
      for (let go = 0, goal = Infinity; ; go++) {
        const begun = await this.line.ask({ do: "begin", gesture });
        if (run !== this.run) throw new Stopped();
        goal = Math.min(goal, begun.goal);
        if (begun.have >= goal) break;
        this.say(`${gesture}, ${begun.have} of ${goal}. ${HINTS[go % HINTS.length]}`);
        await this.countDown(run, go ? [HINTS[go % HINTS.length], "1"] : ["3", "2", "1"]);
        for (let picture = 0; picture < begun.pictures; picture++) {
          const { counts } = await this.line.ask({ do: "add", gesture, take: begun.take }, await source.grab());
          if (run !== this.run) throw new Stopped();
          this.counted(counts);
          await sleep(source.pace);
        }
      }
      const lacking = this.classes.filter((name) => this.counts[name] < this.first.each);
      this.say(lacking.length ? `That was ${gesture}. Now ${lacking[0]}?` : "All there. Press Stop, then run the next cells.");
    } finally {
      if (run === this.run) this.playing = false;
      this.count.replaceChildren();
      this.refresh();
    }
  }
}

function render({ model, el }) {
  const panel = model.get("kind") === "game" ? new GamePanel(model, el) : new AlbumPanel(model, el);
  return () => panel.close(); // the cell is run again, the notebook closed
}

export default { render };
