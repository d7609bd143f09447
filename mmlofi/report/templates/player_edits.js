'use strict';
// What a viewer changes: segments of each video, what can be taken back, what is kept and saved.
// A segment is {id, start, end, label, score, changed}; one that was added has no score.
class Edits {
  constructor(content, storage) {
    this.content = content;
    this.storage = storage;
    this.key = `mmlofi-page-${content.id}`;
    this.past = [];
    this.videos = new Map(content.videos.map((video) => [video.name, Edits.untouched(video)]));
    this.load();
  }

  static untouched(video) {
    const segments = video.found.map(([start, end, label, score], place) =>
      ({id: place, start, end, label, score, changed: false}));
    return {segments, next: segments.length, checked: false, touched: false};
  }

  segments(name) {
    return this.videos.get(name).segments;
  }

  // Changes a video by a function of its state, so that it can be taken back.
  change(name, how, corrects = true) {
    const state = this.videos.get(name);
    this.past.push([name, JSON.stringify(state)]);
    const result = how(state);
    state.touched = state.touched || corrects;
    this.keep();
    return result;
  }

  add(name, start, end, label) {
    return this.change(name, (state) => {
      const segment = {id: state.next, start, end, label, score: null, changed: true};
      state.next += 1;
      state.segments.push(segment);
      return segment.id;
    });
  }

  update(name, id, values) {
    this.change(name, (state) => {
      Object.assign(state.segments.find((one) => one.id === id), values, {changed: true});
    });
  }

  remove(name, id) {
    this.change(name, (state) => {
      state.segments = state.segments.filter((one) => one.id !== id);
    });
  }

  check(name, checked) {
    this.change(name, (state) => { state.checked = checked; }, false);
  }

  // The name of the video of which the last change was taken back.
  undo() {
    const [name, before] = this.past.pop();
    this.videos.set(name, JSON.parse(before));
    this.keep();
    return name;
  }

  reviewed() {
    return this.content.videos.filter(({name}) => {
      const {touched, checked} = this.videos.get(name);
      return touched || checked;
    });
  }

  // ActivityNet's annotations of what was reviewed.
  annotations(leastScore) {
    const database = Object.create(null);     // a video may be called __proto__
    for (const {name, duration, subset} of this.reviewed()) {
      const kept = this.segments(name).filter((one) => one.changed || one.score >= leastScore);
      kept.sort((first, second) => first.start - second.start || first.end - second.end);
      database[name] = {subset, duration, annotations: kept.map(({start, end, label}) =>
        ({segment: [start, end], label}))};
    }
    return {version: 'mmlofi', database};
  }

  keep() {
    const touched = [...this.videos].filter(([, state]) => state.touched || state.checked);
    try {
      this.storage.setItem(this.key, JSON.stringify(touched));
    } catch {     // full, or forbidden: corrections last as long as the page is open
    }
  }

  load() {
    try {
      for (const [name, state] of JSON.parse(this.storage.getItem(this.key) || '[]')) {
        if (this.videos.has(name)) {
          this.videos.set(name, state);
        }
      }
    } catch {     // as above
    }
  }
}
