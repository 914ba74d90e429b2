/** Place of a page that is still to come. */
import { useTitle } from '../parts/title.ts';

export default function Page() {
  useTitle('Actions');
  return <h1>Actions</h1>;
}
