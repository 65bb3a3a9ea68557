// What stands in for the kernel on a page to take along: the network answers the panels of
// helpers/webcam.js, which comes before this, in the page itself. Nothing is sent anywhere.

const MOST_PIXELS = 16_000_000; // of a canvas on a phone
const WAYS = "or choose a photo";
const CAMERA_FAULTS = {
  NotAllowedError: `The camera was not allowed: allow it beside the page's address and press Camera again, ${WAYS}.`,
  NotFoundError: `There is no camera here: plug one in and press Camera again, ${WAYS}.`,
  NotReadableError: `The camera is in use by another program: close that and press Camera again, ${WAYS}.`,
};
CAMERA_FAULTS.SecurityError = CAMERA_FAULTS.NotAllowedError;
CAMERA_FAULTS.OverconstrainedError = CAMERA_FAULTS.NotFoundError;
CAMERA_FAULTS.AbortError = CAMERA_FAULTS.NotReadableError;

// Pixels -----------------------------------------------------------------------------------------

const painter = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

/** Draw a part of something on white and read its pixels, one by one: a canvas' own smoothing would change them. */
function readPixels(what, left, top, width, height) {
  painter.canvas.width = width;
  painter.canvas.height = height;
  painter.fillStyle = "#fff";
  painter.fillRect(0, 0, width, height);
  painter.drawImage(what, left, top, width, height, 0, 0, width, height);
  return withoutAlpha(painter.getImageData(0, 0, width, height));
}

/** Decode a picture file, upright, in the colours that the file has. */
async function decode(bytes) {
  const blob = new Blob([bytes]);
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" });
    const { width, height } = bitmap;
    if (width * height > MOST_PIXELS) {
      const [side, shrink] = [2 * LONGEST_SIDE, (2 * LONGEST_SIDE) / Math.max(width, height)];
      const larger = width > height ? { resizeWidth: side, resizeHeight: Math.round(height * shrink) } : { resizeHeight: side, resizeWidth: Math.round(width * shrink) };
      bitmap.close();
      bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none", resizeQuality: "high", ...larger });
    }
  } catch {
    throw new Error("This is no picture that the browser can read: choose a JPEG or PNG file.");
  }
  const picture = readPixels(bitmap, 0, 0, bitmap.width, bitmap.height);
  bitmap.close();
  return picture;
}

// The network's answers ------------------------------------------------------------------------------

const newest = (items) => items[items.length - 1];
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** What helpers/webcam.py's `Game` does: draws moves, reads pictures, keeps the score. */
class Brain {
  constructor(given, network) {
    this.given = given;
    this.network = network;
    this.rounds = [];
    this.told = new Map();
    this.listeners = new Set();
  }

  // The model of a widget, as the panels know it.

  get(name) {
    const { classes, portraits, rounds, wins } = this.given;
    if (name === "classes") return classes;
    if (name === "about") return this.given.about ?? "What its network was trained on, the page does not know.";
    if (name === "kind") return wins ? "game" : "look";
    const beats = Object.entries(wins ?? {}).map(([one, other]) => `${one} beats ${other}`).join(", ");
    return { portraits: portraits ?? {}, rounds, beats: beats.charAt(0).toUpperCase() + beats.slice(1) };
  }

  on(_, listener) {
    this.listeners.add(listener);
  }

  off(_, listener) {
    this.listeners.delete(listener);
  }

  send({ view, number, ...question }, _, [picture] = []) {
    const tell = (answer) => this.listeners.forEach((listener) => listener({ view, number, ...answer }));
    this.answer(question, picture).then(
      (answer) => tell({ answer }),
      (error) => tell({ error: error.message }),
    );
  }

  // Answers.

  async answer({ do: what, shown }, picture) {
    if (what === "look") return { probabilities: await this.look(picture) };
    if (what === "deal") return { seal: (await this.deal()).seal, ...this.standing };
    if (what === "read") return this.read(picture);
    if (what === "tell") return { confusion: this.tell(shown), ...this.standing };
    return { picture: this.given.drawn[this.chance(this.given.drawn.length)] };
  }

  /** Return the probability of each class; `seen` keeps what the network saw, for whoever checks. */
  async look(picture) {
    const pixels = picture.data ? picture : await decode(picture); // of the camera, or a file's bytes
    const start = performance.now();
    const square = toSquare(pixels, this.network.size);
    const probabilities = this.network.run(square);
    this.seen = { pixels, square, probabilities, milliseconds: performance.now() - start };
    return probabilities;
  }

  chance(number) {
    return Math.floor((crypto.getRandomValues(new Uint32Array(1))[0] / 2 ** 32) * number);
  }

  /** Draw the computer's move, before the player's is read; the seal commits to it. */
  async deal() {
    if (this.over) this.rounds = [];
    if (!this.rounds.length || newest(this.rounds).outcome) {
      const { classes } = this.given;
      const round = { move: classes[this.chance(classes.length)], salt: hex(crypto.getRandomValues(new Uint8Array(8))) };
      const text = new TextEncoder().encode(`${round.salt} ${round.move}`);
      round.seal = crypto.subtle ? hex(new Uint8Array(await crypto.subtle.digest("SHA-256", text))) : "";
      this.rounds.push(round);
    }
    return newest(this.rounds);
  }

  async read(picture) {
    const round = newest(this.rounds);
    const probabilities = await this.look(picture);
    const { classes, wins, margin } = this.given;
    const order = classes.map((_, at) => at).sort((a, b) => probabilities[b] - probabilities[a]);
    if (probabilities[order[0]] - probabilities[order[1]] < margin) return { probabilities, ...this.standing };
    round.read = classes[order[0]];
    round.outcome = wins[round.read] === round.move ? "won" : wins[round.move] === round.read ? "lost" : "draw";
    return { probabilities, ...this.standing, ...round };
  }

  /** Note what the player says was shown; return the table of all that was told. */
  tell(shown) {
    const { classes } = this.given;
    this.told.set(newest(this.rounds), shown);
    const rows = [...this.told].map(([round, truth]) => [truth, round.read]);
    return classes.map((truth) => classes.map((read) => rows.filter((row) => row[0] === truth && row[1] === read).length));
  }

  get over() {
    return this.rounds.length === this.given.rounds && Boolean(newest(this.rounds).outcome);
  }

  get standing() {
    const outcomes = this.rounds.map((round) => round.outcome).filter(Boolean);
    const count = (which) => outcomes.filter((outcome) => outcome === which).length;
    return { you: count("won"), computer: count("lost"), outcomes, over: this.over };
  }
}

// Where pictures come from -----------------------------------------------------------------------------

/** The square in the middle, as the camera has it; no file in between, as on the way to a kernel. */
class PageCamera extends Camera {
  constructor(square, facingMode) {
    super(square);
    this.facingMode = facingMode;
  }

  async open(onEnded) {
    if (!navigator.mediaDevices) {
      throw new Error(`The browser gives its camera only to pages that were opened as a file, from localhost or by https: open this one that way, ${WAYS}.`);
    }
    const wanted = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: this.facingMode };
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    } catch (error) {
      throw new Error(CAMERA_FAULTS[error.name] ?? `The camera cannot be used (${error.name}): try another browser, ${WAYS}.`);
    }
    const [track] = this.stream.getVideoTracks();
    track.onended = onEnded;
    this.square.classList.toggle("ta-straight", track.getSettings().facingMode === "environment");
    this.video.srcObject = this.stream;
    await this.video.play().catch(() => {}); // out of sight; `grab` tries again
  }

  async grab() {
    const { video, canvas } = this;
    if (video.paused) await video.play();
    while (!video.videoWidth) await sleep(50);
    const side = Math.min(video.videoWidth, video.videoHeight);
    const [left, top] = [Math.floor((video.videoWidth - side) / 2), Math.floor((video.videoHeight - side) / 2)];
    const picture = readPixels(video, left, top, side, side);
    canvas.width = canvas.height = side;
    canvas.getContext("2d").drawImage(painter.canvas, 0, 0);
    return picture;
  }
}

class Photo extends Upload {
  async open(file) {
    await this.show(await file.arrayBuffer());
    this.image.alt = `The photo ${file.name}`;
  }
}

// Panels -------------------------------------------------------------------------------------------

/** A panel that shows what the network sees, for any classes. */
class LookPanel extends Panel {
  constructor(model, el) {
    super(model, el);
    this.bars = this.classes.map((name) => new Bar(name));
    this.cameraButton = this.button("camera", "Camera", () => this.useCamera(), "wc-main");
    this.stopButton = this.button("stop", "Stop", () => this.stop());
    this.input = make("input", { type: "file", accept: "image/*", hidden: "" });
    const choose = this.button("upload", "", () => this.input.click());
    const bars = make("div", { class: "wc-bars" }, ...this.bars.map((bar) => bar.element));
    const buttons = make("div", { class: "wc-buttons" }, this.cameraButton, this.stopButton, choose, this.input);
    this.root.append(
      make(
        "div",
        { class: "wc-album-stage" },
        make("figure", {}, make("div", { class: "wc-frame" }, this.square, this.count)),
        make("div", { class: "wc-side" }, bars, this.spoken, buttons),
      ),
      make("p", { class: "wc-note", text: this.privacy }),
    );
    this.square.append(this.empty());
    this.say("Press Camera, or choose a photo.");
    this.refresh();
  }

  ready() {
    this.say(this.source.pace === Infinity ? "Looking ..." : "Watch the bars.");
  }

  refresh() {
    this.stopButton.disabled = !this.source && !this.opening;
    this.cameraButton.disabled = this.source instanceof Camera;
  }

  async look(run) {
    const { probabilities } = await this.line.ask({ do: "look" }, await this.source.grab());
    if (run !== this.run) return;
    this.draw(probabilities);
    if (this.source.pace === Infinity) this.say(`The network says ${this.likeliest(probabilities)}.`);
  }

  draw(probabilities) {
    const best = Math.max(...probabilities);
    this.bars.forEach((bar, at) => bar.draw(probabilities[at], probabilities[at] === best));
  }
}

/** What this page has in place of a notebook: its camera, photos that are chosen or dropped, its own words. */
const onPage = (Base) =>
  class extends Base {
    constructor(model, el) {
      super(model, el);
      this.list = make("div", { class: "ta-list" });
      this.root.append(this.list);
      this.root.querySelector("[name=upload]").textContent = "Choose photos";
      this.input.multiple = true;
      this.input.onchange = () => {
        const files = [...this.input.files];
        this.input.value = ""; // the same file may be chosen again
        this.safely(() => this.usePhotos(files));
      };
      const over = (event) => {
        event.preventDefault(); // the browser would open the picture in this page's place
        this.root.classList.toggle("ta-over", event.type === "dragover");
      };
      for (const name of ["dragover", "dragleave", "drop"]) document.addEventListener(name, over);
      document.addEventListener("drop", (event) => this.safely(() => this.usePhotos([...event.dataTransfer.files])));
    }

    get privacy() {
      return `Nothing leaves this device: the page's own rules forbid every connection. ${this.model.get("about")} Whatever you show, it names one of its classes.`;
    }

    empty() {
      return make("span", { class: "wc-empty", text: "Press Camera, or drop a photo here" });
    }

    say(text, kind) {
      super.say(text.replace("upload another picture", "choose another photo"), kind);
    }

    likeliest(probabilities) {
      const best = Math.max(...probabilities);
      return `${this.classes[probabilities.indexOf(best)]}, ${Math.round(100 * best)} %`;
    }

    useCamera() {
      const facing = this.model.get("kind") === "game" ? "user" : "environment";
      return this.use(new PageCamera(this.square, facing), () => this.stop("The camera was unplugged, or taken away."));
    }

    /** Show one photo; of several, make a list, and show the last. */
    async usePhotos(files) {
      this.list.replaceChildren();
      if (!files.length) return;
      if (files.length > 1) await this.listPhotos(files);
      await this.use(new Photo(this.square), files.at(-1));
    }

    async listPhotos(files) {
      this.stop("Looking ...");
      const run = this.run;
      const body = make("tbody");
      this.list.append(make("table", {}, make("caption", { text: `${files.length} photos, as the network reads them` }), body));
      for (const file of files) {
        const bytes = await file.arrayBuffer();
        const answer = await this.line.ask({ do: "look" }, bytes).catch((error) => error);
        if (run !== this.run) return;
        const image = make("img", { alt: "" });
        image.onload = image.onerror = () => URL.revokeObjectURL(image.src);
        image.src = URL.createObjectURL(new Blob([bytes]));
        const text = answer instanceof Error ? answer.message : this.likeliest(answer.probabilities);
        body.append(make("tr", {}, make("td", {}, image), make("th", { scope: "row", text: file.name }), make("td", { text })));
        await sleep(0); // let the page draw
      }
    }
  };

// Start ----------------------------------------------------------------------------------------------

async function unpack(text) {
  if (!window.DecompressionStream) throw new Error("This browser is too old to unpack the network: use one of 2023 or later.");
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = letters.charCodeAt(at);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

async function start() {
  const place = document.getElementById("panel");
  try {
    const given = JSON.parse(document.getElementById("given").textContent);
    const network = new Network(given.operations, await unpack(document.getElementById("weights").textContent));
    const brain = new Brain(given, network);
    place.replaceChildren();
    const PagePanel = onPage(given.wins ? GamePanel : LookPanel);
    window.takeAlong = { brain, network, toSquare, panel: new PagePanel(brain, place) };
  } catch (error) {
    place.replaceChildren(make("p", { class: "ta-wait", role: "alert", text: error.message }));
  }
}

start();
