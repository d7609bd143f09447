// What is seen of the segments: the time line, the list, the editor.
const el = (id) => document.getElementById(id);
const content = JSON.parse(el('content').textContent);
let storage = null;
try {
  storage = localStorage;
} catch {     // some browsers have none for files
}
const edits = new Edits(content, storage || {getItem: () => null, setItem: () => undefined});
const player = el('video');
let video = null;       // of content.videos
let chosen = null;      // id of a segment
let stopAt = null;      // seconds
let zoom = 1;
const hiddenClasses = new Set();

const clock = (seconds) => {
  const [whole, tenth] = seconds.toFixed(1).split('.');
  const parts = [whole / 3600, (whole / 60) % 60, whole % 60].map(Math.floor);
  const text = parts.slice(parts[0] ? 0 : 1).map((one) => String(one).padStart(2, '0')).join(':');
  return `${text}.${tenth}`;
};
const colour = (label) => content.colours[label] || '#808080';
const make = (tag, properties, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};
const leastScore = () => Number(el('score').value);
const of = (id) => edits.segments(video.name).find((one) => one.id === id);
const labels = () => [...new Set([...Object.keys(content.colours),
  ...[...edits.videos.values()].flatMap((state) => state.segments.map((one) => one.label))])].sort();

// What the filters let through, in the order of time.
const shown = () => {
  const wanted = el('search').value.trim().toLowerCase();
  return edits.segments(video.name)
    .filter((one) => (one.score === null || one.score >= leastScore() || one.changed)
      && !hiddenClasses.has(one.label) && one.label.toLowerCase().includes(wanted))
    .sort((first, second) => first.start - second.start || first.end - second.end);
};

// Drawing.
const drawTrack = () => {
  const length = length_();
  el('track').style.width = `${100 * zoom}%`;
  el('zoom').textContent = zoom === 1 ? 'whole video' : `1/${zoom} of the video`;
  const step = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600]
    .find((one) => length / one <= 8 * zoom) || 7200;
  el('ruler').replaceChildren(...Array.from({length: Math.floor(length / step) + 1}, (_, nth) => {
    const tick = make('span', {textContent: clock(nth * step)});
    tick.style.left = `${(100 * nth * step) / length}%`;
    return tick;
  }));
  const segments = shown();
  const rows = video.actions.length ? [lane('annotated', video.actions.map(
    ([start, end, label]) => block({start, end, label, id: null})))] : [];
  for (const label of [...new Set(segments.map((one) => one.label))].sort()) {
    rows.push(lane(label, segments.filter((one) => one.label === label).map(block)));
  }
  el('rows').replaceChildren(...rows);
};
const lane = (name, blocks) => make('div', {className: 'lane'},
  make('span', {className: 'lane-name', textContent: name}), ...blocks);
const block = (one) => {
  const node = make('button', {className: 'block', type: 'button', tabIndex: -1,
    title: `${one.label} ${clock(one.start)} to ${clock(one.end)}`
      + (one.score == null ? '' : `, score ${one.score.toFixed(2)}`)});
  node.style.left = `${(100 * one.start) / length_()}%`;
  node.style.width = `${(100 * (one.end - one.start)) / length_()}%`;
  node.style.setProperty('--colour', colour(one.label));
  node.style.setProperty('--strength', one.score == null ? 1 : 0.35 + 0.65 * one.score);
  node.classList.toggle('chosen', one.id !== null && one.id === chosen);
  if (one.id !== null) {
    node.dataset.id = one.id;
    if (one.id === chosen) {
      node.append(handle('start', one), handle('end', one));
    }
  }
  node.addEventListener('click', () => play(one));
  return node;
};
const length_ = () => Math.max(video.duration, 0.001);

// An end of the chosen segment that can be pulled.
const handle = (side, one) => {
  const node = make('span', {className: `handle ${side}`});
  node.addEventListener('pointerdown', (event) => {
    event.preventDefault();
    event.stopPropagation();
    node.setPointerCapture(event.pointerId);
    const at = (move) => {
      const box = el('track').getBoundingClientRect();
      return Math.min(Math.max((move.clientX - box.left) / box.width, 0), 1) * length_();
    };
    const follow = (move) => {
      player.currentTime = at(move);
      const [start, end] = side === 'start' ? [at(move), one.end] : [one.start, at(move)];
      node.parentNode.style.left = `${(100 * Math.min(start, end)) / length_()}%`;
      node.parentNode.style.width = `${(100 * Math.abs(end - start)) / length_()}%`;
    };
    node.addEventListener('pointermove', follow);
    node.addEventListener('pointerup', (up) => {
      node.removeEventListener('pointermove', follow);
      apply({...one, [side]: Math.round(100 * at(up)) / 100});
    }, {once: true});
  });
  node.addEventListener('click', (event) => event.stopPropagation());
  return node;
};

const drawList = () => {
  const segments = shown();
  const total = edits.segments(video.name).length;
  el('count').textContent = `${segments.length} of ${total} segments`;
  el('list').replaceChildren(...segments.map((one) => {
    const swatch = make('span', {className: 'swatch'});
    swatch.style.setProperty('--colour', colour(one.label));
    const note = one.score === null ? 'added'
      : `${one.score.toFixed(2)}${one.changed ? ', corrected' : ''}`;
    const button = make('button', {type: 'button', className: 'entry'}, swatch,
      make('span', {className: 'label', textContent: one.label}),
      make('span', {className: 'time', textContent: `${clock(one.start)} – ${clock(one.end)}`}),
      make('span', {className: 'muted', textContent: note}));
    button.dataset.id = one.id;
    button.setAttribute('aria-pressed', one.id === chosen);
    button.addEventListener('click', () => play(one));
    return make('li', {}, button);
  }));
};
const drawChips = () => {
  const present = [...new Set(edits.segments(video.name).map((one) => one.label))].sort();
  el('chips').replaceChildren(...(present.length < 2 ? [] : present.map((label) => {
    const chip = make('button', {type: 'button', className: 'chip', textContent: label});
    chip.style.setProperty('--colour', colour(label));
    chip.setAttribute('aria-pressed', !hiddenClasses.has(label));
    chip.addEventListener('click', () => {
      hiddenClasses.has(label) ? hiddenClasses.delete(label) : hiddenClasses.add(label);
      draw();
    });
    return chip;
  })));
};
const drawEditor = () => {
  const one = of(chosen);
  el('editor').hidden = !one;
  el('edit-trouble').textContent = '';
  if (one) {
    el('edit-label').value = one.label;
    el('edit-start').value = one.start;
    el('edit-end').value = one.end;
  }
  el('classes').replaceChildren(...labels().map((label) => make('option', {value: label})));
};
const drawState = () => {
  const reviewed = edits.reviewed().length;
  el('undo').disabled = !edits.past.length;
  el('save').disabled = !reviewed;
  el('save').textContent = reviewed
    ? `Save annotations of ${reviewed} video${reviewed > 1 ? 's' : ''}` : 'Save annotations';
  el('checked').checked = edits.videos.get(video.name).checked;
  for (const option of el('videos').options) {
    const {touched, checked} = edits.videos.get(option.value);
    option.textContent = `${option.value}${checked ? ' ✓' : touched ? ' *' : ''}`;
  }
  el('score-value').textContent = leastScore().toFixed(2);
};
const draw = () => {
  drawTrack();
  drawList();
  drawChips();
  drawEditor();
  drawState();
  follow();
};
