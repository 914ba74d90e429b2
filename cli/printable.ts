/** Text from a chat must not move the cursor, or set the title, of the terminal that shows it. Lines and tabs stay. */
export const withoutControls = (text: string): string => text.replace(/[^\P{Cc}\n\t]/gu, '');
