/** The states of a chat: where this one is, where it came from, and which moves lead on. */
import { ARROWS, MOVES } from '../data/moves.ts';
import type { ExecutionState } from '../data/operations.ts';
import { MEANINGS, State } from './badge.tsx';

/** Centers of the states, in a field of 520 by 232. */
const PLACES: Readonly<Record<ExecutionState, readonly [x: number, y: number]>> = {
  ...{ XW: [44, 36], XE0: [44, 108], XE1: [44, 196] },
  ...{ W: [156, 36], E0: [156, 108], E1: [156, 196] },
  ...{ R0: [284, 72], R1: [284, 160], INVALID: [284, 216] },
  ...{ I0: [396, 36], I1: [396, 196], A0: [480, 88], A1: [480, 148] },
};
const HALF = { width: 24, height: 12 };

interface StateDiagramProps {
  readonly state: ExecutionState;
  /** State before this one. Undefined: not known. */
  readonly from?: ExecutionState | undefined;
}

export function StateDiagram({ state, from }: StateDiagramProps) {
  const moves = MOVES.filter((move) => move.from === state);
  return (
    <section aria-labelledby="diagram" class="diagram">
      <h2 id="diagram">
        State <State state={state} />{' '}
        <span class="count">
          {MEANINGS[state]}
          {from && from !== state ? `; came from ${from}` : ''}
        </span>
      </h2>
      <svg
        viewBox="0 0 520 232"
        role="img"
        aria-label={`Diagram of the states. The chat is in ${state}. The moves are listed below.`}
      >
        {ARROWS.map(([one, other]) => (
          <Arrow
            key={`${one} ${other}`}
            from={one}
            to={other}
            kind={one === state ? 'next' : one === from && other === state ? 'past' : 'other'}
          />
        ))}
        {(Object.keys(PLACES) as ExecutionState[]).map((one) => (
          <Node key={one} state={one} kind={one === state ? 'here' : one === from ? 'past' : 'other'} />
        ))}
      </svg>
      <ul class="moves" aria-label="Moves that are allowed now">
        {moves.map(({ name, to, by }) => (
          <li key={name}>
            <code>{name}</code> → {to.join(' or ')} <span class="count">{by}</span>
          </li>
        ))}
        {moves.length === 0 ? <li class="none">No move leads on from here.</li> : null}
      </ul>
    </section>
  );
}

type Kind = 'here' | 'past' | 'next' | 'other';

function Node({ state, kind }: { state: ExecutionState; kind: Kind }) {
  const [x, y] = PLACES[state];
  const half = state === 'INVALID' ? 32 : HALF.width;
  return (
    <g class="node" data-kind={kind}>
      <title>{`${state}: ${MEANINGS[state]}`}</title>
      <rect x={x - half} y={y - HALF.height} width={2 * half} height={2 * HALF.height} rx="4" />
      <text x={x} y={y + 4}>
        {state}
      </text>
    </g>
  );
}

/** A curve from the edge of one node to the edge of another, bent to its right, so that both ways can be told apart. */
function Arrow({ from, to, kind }: { from: ExecutionState; to: ExecutionState; kind: Kind }) {
  const [[fromX, fromY], [toX, toY]] = [PLACES[from], PLACES[to]];
  const [dx, dy] = [toX - fromX, toY - fromY];
  const length = Math.hypot(dx, dy);
  const bend = Math.min(14, length / 8);
  const [middleX, middleY] = [(fromX + toX) / 2 - (dy / length) * bend, (fromY + toY) / 2 + (dx / length) * bend];
  const [startX, startY] = edgeOf(from, middleX, middleY);
  const [endX, endY] = edgeOf(to, middleX, middleY);
  const angle = Math.atan2(endY - middleY, endX - middleX);
  const tip = (turn: number) => `${endX - 7 * Math.cos(angle + turn)} ${endY - 7 * Math.sin(angle + turn)}`;
  return (
    <g class="arrow" data-kind={kind}>
      <path d={`M${startX} ${startY}Q${middleX} ${middleY} ${endX} ${endY}`} />
      {kind === 'other' ? null : <path class="tip" d={`M${endX} ${endY}L${tip(0.45)}L${tip(-0.45)}z`} />}
    </g>
  );
}

/** Point at which a line from the center of a state towards another point leaves its node. */
function edgeOf(state: ExecutionState, x: number, y: number): readonly [x: number, y: number] {
  const [centerX, centerY] = PLACES[state];
  const half = state === 'INVALID' ? 33 : HALF.width + 1;
  const [dx, dy] = [x - centerX, y - centerY];
  const share = Math.min(half / Math.max(Math.abs(dx), 0.001), (HALF.height + 1) / Math.max(Math.abs(dy), 0.001));
  return [centerX + dx * share, centerY + dy * share];
}
