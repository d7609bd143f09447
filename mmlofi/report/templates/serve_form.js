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
const added = ({id}, name, line, alone) => {
  keep([...known(), {id, name}]);
  if (alone) {
    location.assign(`/jobs/${id}/`);
  }
  list({id, name}, line);
};

// Resolves in any case: the next file is sent when this one is there, refused or stopped.
const send = (file, line, alone) => new Promise((ended) => {
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
      added(request.response, file.name, line, alone);
    } else {
      line.show(failed(request.response?.error || `the server answers ${request.status}`));
    }
  });
  request.addEventListener('error', () => line.show(failed('the connection to the server broke')));
  request.addEventListener('loadend', () => { line.stop = null; ended(); });
  request.send(file);
});

el('send').addEventListener('submit', async (event) => {
  event.preventDefault();
  const files = [...el('files').files];
  el('send').reset();
  const lines = files.map((file) => newLine(file.name));
  lines.forEach((line) => line.show({step: 'queued', before: 0, share: 0}));
  for (const [place, file] of files.entries()) {
    if (lines[place].node.isConnected) {     // not removed while it waited
      await send(file, lines[place], files.length === 1);
    }
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
