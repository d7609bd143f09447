'use strict';
// Videos on their way, as the server says how far they are; `before` is how many are before one.
const POLL_MS = 500;
const el = (id) => document.getElementById(id);
const make = (tag, properties, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};
const percent = (share) => `${Math.floor(100 * share)} %`;
const describe = ({step, share, before, error}) => ({
  sending: `sending: ${percent(share)}`,
  queued: before ? `waiting behind ${before} other${before > 1 ? 's' : ''}` : 'waiting',
  localizing: `looking for actions: ${percent(share)}`,
  copying: `making a copy that browsers play: ${percent(share)}`,
  done: 'done',
  failed: error,
}[step]);

// A line of the list: its name, what is shown of a state, and whether it ended.
class Line {
  constructor(name, remove) {
    this.link = make('a', {textContent: name});
    this.bar = make('progress', {max: 1});
    this.note = make('p', {className: 'note'});
    this.note.setAttribute('role', 'status');
    const button = make('button', {type: 'button', textContent: 'remove'});
    button.addEventListener('click', () => remove(this));
    this.node = make('li', {className: 'video'},
      make('div', {className: 'line'}, make('span', {className: 'name'}, this.link), button),
      this.bar, this.note);
    el('videos').append(this.node);
  }

  show(state) {
    const ended = ['done', 'failed'].includes(state.step);
    this.note.textContent = describe(state);
    this.note.classList.toggle('trouble', state.step === 'failed');
    this.bar.hidden = ended;
    this.bar.value = state.share;
    return ended;
  }
}

const failed = (error) => ({step: 'failed', share: 0, error});
const answerOf = async (response) => {
  try {
    return await response.json();
  } catch {     // of a server in between, perhaps
    return {error: `the server answers ${response.status}`};
  }
};

// Shows a job until it has ended; gives its last state, or null when there is none any more.
const follow = async (id, line) => {
  for (;;) {
    try {
      const response = await fetch(`/jobs/${id}/state`);
      const state = await answerOf(response);
      if (response.status === 404) {
        return null;
      }
      if (response.ok && line.show(state)) {
        return state;
      }
      if (!response.ok) {
        line.note.textContent = state.error;
      }
    } catch {
      line.note.textContent = 'the server does not answer; asking again …';
    }
    await new Promise((go) => setTimeout(go, POLL_MS));
  }
};
const removeJob = (id) => fetch(`/jobs/${id}/remove`, {method: 'POST'}).catch(() => undefined);
