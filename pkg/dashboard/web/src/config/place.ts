/** Place is where something stands in the files. Line 0 is the whole file. */
export interface Place {
  file: string
  line: number
}

/** placeOf reads "file:line:column", "file:line" and "file". */
export function placeOf(text: string): Place {
  const [, file = text, line = '0'] = /^(.*?):(\d+)(?::\d+)?$/.exec(text) ?? []
  return { file, line: Number(line) }
}

/** lineOf reads "#L12"; anything else is 0. */
export function lineOf(hash: string): number {
  return Number(/^#L(\d{1,9})$/.exec(hash)?.[1] ?? 0)
}
