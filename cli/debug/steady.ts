/** Text without ages and line breaks, to tell whether anything but time has changed. */
export const steady = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)/g, 'TIME')
    .replace(/(\w*(?:[sS]econds\w*|Ms)) = -?[\d.]+(?:e-?\d+)?/g, '$1 = AGE')
    .replace(/\d+(?:\.\d+)? (?:ms|s|min|h|days|years)\b/g, 'AGE')
    .trim();
