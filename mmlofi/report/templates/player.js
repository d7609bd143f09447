// Playing.
const follow = () => {
  const now = player.currentTime;
  if (stopAt !== null && now >= stopAt) {
    stopAt = null;
    player.pause();
  }
  el('head').style.left = `${(100 * now) / length_()}%`;
  for (const node of document.querySelectorAll('[data-id]')) {
    const one = of(Number(node.dataset.id));
    node.classList.toggle('on', Boolean(one) && one.start <= now && now < one.end);
  }
};
const frames = () => {
  follow();
  if (!player.paused) {
    requestAnimationFrame(frames);
  }
};
const play = (one) => {
  if (one.id !== null) {
    chosen = one.id;
  }
  player.currentTime = one.start;
  stopAt = el('stop-at-end').checked ? one.end : null;
  player.play().catch(() => undefined);     // `error` says what cannot be played
  draw();
};
const open_ = (name) => {
  video = content.videos.find((one) => one.name === name);
  [chosen, stopAt, zoom] = [null, null, 1];
  hiddenClasses.clear();
  el('videos').value = name;
  el('trouble').hidden = true;
  player.src = video.source;
  draw();
};
const step = (by) => {
  const place = content.videos.indexOf(video) + by;
  if (content.videos[place]) {
    open_(content.videos[place].name);
  }
};
const magnify = (by) => {
  zoom = Math.min(Math.max(zoom * by, 1), 256);
  drawTrack();
  follow();
  const track = el('track').getBoundingClientRect();
  el('lanes').scrollLeft = (player.currentTime / length_()) * track.width - el('lanes').clientWidth / 2;
};

// Correcting.
const apply = ({id, start, end, label}) => {
  const [upTo, name] = [Math.min(end, video.duration), label.trim()];
  if (!name || !(start >= 0 && upTo > start)) {
    el('edit-trouble').textContent = name
      ? 'the end has to be after the start, in the video' : 'a segment has a class';
    drawTrack();
    return;
  }
  edits.update(video.name, id, {start, end: upTo, label: name});
  draw();
};
const here = () => Math.round(100 * player.currentTime) / 100;
const setEnd = (side) => {
  const one = of(chosen);
  if (one) {
    apply({...one, [side]: here()});
  }
};
const add = () => {
  const start = Math.min(here(), Math.max(video.duration - 1, 0));
  const label = of(chosen)?.label || labels()[0] || 'action';
  chosen = edits.add(video.name, start, Math.min(start + 5, video.duration), label);
  draw();
  el('edit-label').focus();
};
const remove = () => {
  if (of(chosen)) {
    edits.remove(video.name, chosen);
    chosen = null;
    draw();
  }
};
const undo = () => {
  if (edits.past.length) {
    const name = edits.undo();
    name === video.name ? draw() : open_(name);
  }
};
const save = () => {
  const text = JSON.stringify(edits.annotations(leastScore()), null, 1);
  const link = make('a', {download: 'annotations.json',
    href: URL.createObjectURL(new Blob([text], {type: 'application/json'}))});
  link.click();
  URL.revokeObjectURL(link.href);
};
const next = (by) => {
  const segments = shown();
  const place = segments.findIndex((one) => one.id === chosen);
  const one = place < 0 ? segments.find(({start}) => start >= player.currentTime) || segments[0]
    : segments[place + by];
  if (one) {
    play(one);
  }
};

// What the viewer does.
const seek = (by) => { stopAt = null; player.currentTime = Math.max(0, player.currentTime + by); };
const KEYS = {
  ' ': () => (player.paused ? player.play() : player.pause()),
  ArrowLeft: (event) => seek(event.shiftKey ? -1 : -5),
  ArrowRight: (event) => seek(event.shiftKey ? 1 : 5),
  ',': () => seek(-1 / 25), '.': () => seek(1 / 25), j: () => seek(-10), l: () => seek(10),
  n: () => next(1), p: () => next(-1), i: () => setEnd('start'), o: () => setEnd('end'),
  Enter: () => { if (of(chosen)) { play(of(chosen)); } },
  a: add, z: undo, s: () => { if (edits.reviewed().length) { save(); } },
  c: () => { el('checked').click(); }, Delete: remove, Backspace: remove,
  PageUp: () => step(-1), PageDown: () => step(1),
};
addEventListener('keydown', (event) => {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const typing = event.target.matches('input:not([type=checkbox]):not([type=range]), select');
  const pressing = event.target.matches('button, summary') && (key === ' ' || key === 'Enter');
  if (typing || pressing || event.ctrlKey || event.metaKey || event.altKey || !KEYS[key]) {
    return;
  }
  event.preventDefault();
  KEYS[key](event);
});
el('lanes').addEventListener('click', (event) => {
  if (!event.target.closest('.block')) {
    const box = el('track').getBoundingClientRect();
    stopAt = null;
    player.currentTime = ((event.clientX - box.left) / box.width) * length_();
  }
});
el('editor').addEventListener('submit', (event) => event.preventDefault());
el('editor').addEventListener('change', () => apply({id: chosen, label: el('edit-label').value,
  start: el('edit-start').valueAsNumber, end: el('edit-end').valueAsNumber}));
el('videos').append(...content.videos.map(({name}) => make('option', {value: name})));
el('videos').addEventListener('change', (event) => open_(event.target.value));
el('checked').addEventListener('change', (event) => {
  edits.check(video.name, event.target.checked);
  drawState();
});
for (const [id, act] of Object.entries({
  'previous-video': () => step(-1), 'next-video': () => step(1), undo, save, add, remove,
  'start-here': () => setEnd('start'), 'end-here': () => setEnd('end'),
  'zoom-in': () => magnify(2), 'zoom-out': () => magnify(0.5)})) {
  el(id).addEventListener('click', act);
}
for (const id of ['search', 'score']) {
  el(id).addEventListener('input', draw);
}
for (const kind of ['timeupdate', 'seeked', 'pause']) {
  player.addEventListener(kind, follow);
}
player.addEventListener('play', frames);
player.addEventListener('error', () => {
  el('trouble').textContent = `${decodeURIComponent(video.source)} cannot be played here: is it `
    + 'beside the page, and of a codec that this browser knows?';
  el('trouble').hidden = false;
});
open_(content.videos[0].name);
