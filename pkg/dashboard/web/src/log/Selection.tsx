import { Button, Tooltip } from '@patternfly/react-core'
import LinkIcon from '@patternfly/react-icons/dist/esm/icons/link-icon'
import CopyIcon from '@patternfly/react-icons/dist/esm/icons/copy-icon'
import TimesIcon from '@patternfly/react-icons/dist/esm/icons/times-icon'
import { useNotify } from '../ui/notices'
import { plain } from './ansi'
import { hashOf, type Place } from './place'
import type { Source } from './source'

/** The most lines that the server gives at once, and so the most that are copied. */
const most = 5000

interface SelectionProps {
  place: Place
  source: Source
  onClear: () => void
}

/** Selection says which lines are selected, and copies them or their address. */
export function Selection({ place, source, onClear }: SelectionProps) {
  const notify = useNotify()
  const copy = async (what: string, text: string | Promise<string>) => {
    try {
      await navigator.clipboard.writeText(await text)
      notify({ variant: 'success', title: `${what} copied` })
    } catch (err) {
      notify({ variant: 'danger', title: 'Not copied', body: err instanceof Error ? err.message : String(err) })
    }
  }
  const lines = place.last > place.first ? `Lines ${place.first}–${place.last}` : `Line ${place.first}`
  const link = location.origin + location.pathname + location.search + hashOf(place)
  const long = place.last - place.first >= most
  return (
    <span className="log-selection">
      <span className="num nowrap">{lines}</span>
      <Tooltip content="Copy the link to these lines">
        <Button variant="plain" size="sm" aria-label="Copy the link to these lines" icon={<LinkIcon />} onClick={() => void copy('Link', link)} />
      </Tooltip>
      <Tooltip content={long ? `More than ${most} lines: download the step instead` : 'Copy the text'}>
        <Button variant="plain" size="sm" isAriaDisabled={long} aria-label="Copy the text" icon={<CopyIcon />} onClick={() => void copy(lines, textOf(source, place))} />
      </Tooltip>
      <Button variant="plain" size="sm" aria-label="Select nothing" icon={<TimesIcon />} onClick={onClear} />
    </span>
  )
}

async function textOf(source: Source, { step, first, last }: Place): Promise<string> {
  const { lines } = await source.lines(step, first, last, new AbortController().signal)
  return lines.map((line) => `${plain(line.text)}\n`).join('')
}
