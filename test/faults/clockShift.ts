/** Loaded into a replica before anything else: its wall clock is wrong by as much as the parent last said, in milliseconds. */
const RealDate = Date;
let shiftMs = 0;

class ShiftedDate extends RealDate {
  constructor(...given: ConstructorParameters<typeof Date> | []) {
    if (given.length === 0) super(ShiftedDate.now());
    else super(...given);
  }

  static override now(): number {
    return RealDate.now() + shiftMs;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;
process.on('message', (message: { shiftMs?: number }) => {
  shiftMs = message.shiftMs ?? shiftMs;
});
