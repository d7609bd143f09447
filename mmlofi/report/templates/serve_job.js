// One video: how far it is, and its player when it is done.
const id = location.pathname.split('/')[2];
const line = new Line('', async () => {
  await removeJob(id);
  location.assign('/');
});
follow(id, line).then((state) => {
  if (state === null) {
    line.show(failed('it was removed'));
  } else if (state.step === 'done') {
    location.reload();     // this address plays it now
  }
});
