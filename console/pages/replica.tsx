/** Place of a page that is still to come. */
import { useTitle } from '../parts/title.ts';

export default function Page() {
  useTitle('Replica');
  return <h1>Replica</h1>;
}
