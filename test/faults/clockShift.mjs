/** Preload of a built replica: its wall clock is wrong by the milliseconds that the parent last sent. */
const RealDate = Date;
let shiftMs = 0;

globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(RealDate.now() + shiftMs);
    else super(...given);
  }

  static now() {
    return RealDate.now() + shiftMs;
  }
};
process.on('message', (message) => {
  shiftMs = message.shiftMs ?? shiftMs;
});
