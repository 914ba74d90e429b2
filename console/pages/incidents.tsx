/** Place of a page that is still to come. */
import { useTitle } from '../parts/title.ts';

export default function Page() {
  useTitle('Incidents');
  return <h1>Incidents</h1>;
}
