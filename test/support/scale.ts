/** How much of what is random is tried. The suite's figures are what runs in its time; a command asks for more. */

export const MODEL_SEQUENCES = Number(process.env.MODEL_SEQUENCES ?? 10_000);
