import { describe, expect, test } from 'vitest'
import { plain, spans } from './ansi'

const e = '\u001b'

describe('spans', () => {
  test.each([
    ['plain text is one piece', 'hello', [{ text: 'hello', className: '' }]],
    ['an empty line is nothing', '', []],
    ['a colour and its end', `${e}[31mred${e}[0m.`, [{ text: 'red', className: 'ansi-fg-1' }, { text: '.', className: '' }]],
    ['weights add up and end one by one', `${e}[1;4mA${e}[22mB`, [{ text: 'A', className: 'ansi-bold ansi-underline' }, { text: 'B', className: 'ansi-underline' }]],
    ['bright colours', `${e}[97;101mA`, [{ text: 'A', className: 'ansi-fg-15 ansi-bg-9' }]],
    ['the palette of 256 begins with the 16', `${e}[38;5;9mA`, [{ text: 'A', className: 'ansi-fg-9' }]],
    ['the cube', `${e}[38;5;208mA`, [{ text: 'A', className: 'ansi-own-fg', color: 'rgb(255 135 0)' }]],
    ['greys', `${e}[48;5;232mA`, [{ text: 'A', className: 'ansi-own-bg', background: 'rgb(8 8 8)' }]],
    ['true colours, and what follows them', `${e}[38;2;1;2;300;1mA`, [{ text: 'A', className: 'ansi-bold ansi-own-fg', color: 'rgb(1 2 255)' }]],
    ['true colours with a colour space', `${e}[38:2::1:2:3mA`, [{ text: 'A', className: 'ansi-own-fg', color: 'rgb(1 2 3)' }]],
    ['inverse swaps colours', `${e}[31;7mA`, [{ text: 'A', className: 'ansi-fg-page ansi-bg-1' }]],
    ['inverse without colours', `${e}[7mA${e}[27mB`, [{ text: 'A', className: 'ansi-fg-page ansi-bg-text' }, { text: 'B', className: '' }]],
    ['an empty sequence is the end', `${e}[32mA${e}[mB`, [{ text: 'A', className: 'ansi-fg-2' }, { text: 'B', className: '' }]],
    ['a broken colour is none', `${e}[38mA${e}[38;5mB`, [{ text: 'A', className: '' }, { text: 'B', className: 'ansi-fg-0' }]],
    ['unknown codes change nothing', `${e}[73;999mA`, [{ text: 'A', className: '' }]],
  ])('%s', (_, text, want) => {
    expect(spans(text)).toEqual(want)
  })

  test('plain is the text of the pieces', () => {
    const text = `a${e}[1;38;5;3mb${e}[0mc`
    expect(plain(text)).toBe('abc')
    expect(spans(text).map((s) => s.text).join('')).toBe('abc')
  })
})
