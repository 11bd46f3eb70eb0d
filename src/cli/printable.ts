// Text from outside, made safe to show: what a remote node sends must not move the cursor, ring the bell or reverse a line.

/** Control characters, format characters (bidirectional overrides among them), lone surrogates, odd separators. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** The text on one line, with everything that a terminal would obey written as \u{…}. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}

/** The same of a text of several lines, which keeps its lines and tabs. */
export function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.split('\t').map(printable).join('\t'))
    .join('\n')
}
