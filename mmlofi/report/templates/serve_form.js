// The form: sends one file after the other, and keeps a list of this browser's videos.
const KEY = 'mmlofi-videos';
const known = () => {
  try {
    return JSON.parse(localStorage.getItem(KEY) || '[]');
  } catch {
    return [];
  }
};
const keep = (videos) => {
  try {
    localStorage.setItem(KEY, JSON.stringify(videos));
  } catch {     // full, or forbidden: the list lasts as long as the page
  }
};
const forget = (id) => keep(known().filter((one) => one.id !== id));
const trouble = (text) => {
  el('trouble').textContent = text;
  el('trouble').hidden = !text;
};

// Follows a job in a line of the list.
const list = async ({id, name}, line) => {
  line.link.href = `/jobs/${id}/`;
  line.id = id;
  if (await follow(id, line) === null) {
    forget(id);
    line.node.remove();
  }
};
const newLine = (name) => new Line(name, (line) => {
  line.stop?.();
  if (line.id) {
    removeJob(line.id);
    forget(line.id);
  }
  line.node.remove();
});
// Files go one after the other, those of a later submit behind the earlier ones.
let unsent = 0, lastTurn = Promise.resolve();
const added = ({id}, name, line, alone) => {
  keep([...known(), {id, name}]);
  if (alone && !unsent) {     // to leave the page would stop what is being sent
    location.assign(`/jobs/${id}/`);
  }
  list({id, name}, line);
};

// Resolves in any case, with the answer when the file is there, or nothing when it was refused or
// stopped: the next one is sent then.
const send = (file, line) => new Promise((ended) => {
  const most = Number(document.body.dataset.most);
  if (file.size > most) {
    line.show(failed(`has ${file.size} bytes; expected at most ${most}: send a smaller copy of it`));
    ended();
    return;
  }
  const request = new XMLHttpRequest();
  line.stop = () => request.abort();
  request.open('POST', `/jobs?name=${encodeURIComponent(file.name)}`);
  request.responseType = 'json';
  request.upload.addEventListener('progress', (event) =>
    line.show({step: 'sending', share: event.loaded / event.total}));
  request.addEventListener('load', () => {
    if (request.status === 201) {
      ended(request.response);
    } else {
      line.show(failed(request.response?.error || `the server answers ${request.status}`));
    }
  });
  request.addEventListener('error', () => line.show(failed('the connection to the server broke')));
  request.addEventListener('loadend', () => { line.stop = null; ended(); });
  request.send(file);
});

const takeTurn = async (file, line, alone) => {
  const answer = line.node.isConnected ? await send(file, line) : null;     // or it was removed
  unsent -= 1;
  if (answer) {
    added(answer, file.name, line, alone);
  }
};

el('send').addEventListener('submit', (event) => {
  event.preventDefault();
  const files = [...el('files').files];
  el('send').reset();
  for (const file of files) {
    const line = newLine(file.name);
    line.show({step: 'queued', before: 0, share: 0});
    unsent += 1;
    lastTurn = lastTurn.then(() => takeTurn(file, line, files.length === 1));
  }
});
el('name')?.addEventListener('submit', async (event) => {
  event.preventDefault();
  trouble('');
  const name = el('named').value;
  try {
    const response = await fetch(`/jobs?video=${encodeURIComponent(name)}`, {method: 'POST'});
    const answer = await answerOf(response);
    if (response.status === 201) {
      added(answer, name, newLine(name), true);
    } else {
      trouble(answer.error);
    }
  } catch {
    trouble('the server does not answer; is it still there?');
  }
});
for (const one of known()) {
  list(one, newLine(one.name));
}
