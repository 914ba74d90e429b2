/** Keys as they stand on a keyboard. */
export const KeyNames = ({ keys }: { keys: string }) => {
  const [first = '', second] = keys.split(' ');
  return (
    <span class="keys">
      <kbd>{first}</kbd>
      {second ? <kbd>{second}</kbd> : null}
    </span>
  );
};
