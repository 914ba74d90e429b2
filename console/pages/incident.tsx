/** Place of a page that is still to come. */
import { useTitle } from '../parts/title.ts';

export default function Page() {
  useTitle('Incident');
  return <h1>Incident</h1>;
}
