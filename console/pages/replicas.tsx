/** Place of a page that is still to come. */
import { useTitle } from '../parts/title.ts';

export default function Page() {
  useTitle('Replicas');
  return <h1>Replicas</h1>;
}
