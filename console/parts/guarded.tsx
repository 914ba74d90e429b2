/** Shows that something cannot be drawn, in place of a page that is gone. A file may hold what nobody thought of. */
import { Component, type ComponentChildren } from 'preact';

interface GuardedProps {
  readonly what: string;
  readonly children: ComponentChildren;
}

export class Guarded extends Component<GuardedProps, { readonly failed: boolean }> {
  override state = { failed: false };

  static override getDerivedStateFromError() {
    return { failed: true };
  }

  override render({ what, children }: GuardedProps, { failed }: { readonly failed: boolean }) {
    if (!failed) return children;
    return (
      <p class="old" role="alert">
        {what} cannot be shown: it holds values that no chat has.
      </p>
    );
  }
}
