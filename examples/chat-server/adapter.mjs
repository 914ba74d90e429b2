// The whole of what the chat server does for chat-debug-gateway: a run for each answer, and one row that says where it is.
import { hostname } from 'node:os';
import { chatDebug } from '../../dist/sdk/worker.js'; // with the package installed: 'chat-debug-gateway/worker'

const BEAT_MS = 9_000;
/** A model that says nothing for so long is stuck. */
const SILENT_SECONDS = 5;

export async function showAnswers({ pool, internalSecret, addressOf }) {
  const debug = chatDebug({ internalSecret });
  const { workerId } = debug;
  return {
    workerId,
    handler: debug.handler,
    /** Call it once the server listens. */
    start: async () => {
      const sql = 'INSERT INTO chat_debug.processes (id, relay_address, hostname) VALUES ($1, $2, $3)';
      await pool.query(sql, [workerId, addressOf(), hostname()]);
      const beat = () => pool.query('UPDATE chat_debug.processes SET beat_at = now() WHERE id = $1', [workerId]);
      setInterval(() => beat().catch(() => {}), BEAT_MS);
    },
    stop: () => pool.query('UPDATE chat_debug.processes SET stopped_at = now() WHERE id = $1', [workerId]),
    /** Does the work of one answer, and is told of every part of it. */
    async watch(conversationId, runId, work) {
      const run = debug.run(conversationId, { runnerId: runId });
      run.task('generation', { progressWithinSeconds: SILENT_SECONDS });
      const buffer = run.buffer();
      try {
        return await work((part) => {
          run.progress();
          buffer.part(Buffer.byteLength(part));
        });
      } finally {
        run.end();
      }
    },
  };
}
