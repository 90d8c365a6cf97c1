import { Button, Tooltip } from '@patternfly/react-core'
import CompressIcon from '@patternfly/react-icons/dist/esm/icons/compress-icon'
import CrosshairsIcon from '@patternfly/react-icons/dist/esm/icons/crosshairs-icon'
import ExpandIcon from '@patternfly/react-icons/dist/esm/icons/expand-icon'
import HashtagIcon from '@patternfly/react-icons/dist/esm/icons/hashtag-icon'
import type { ReactNode, RefObject } from 'react'
import { DownloadMenu } from './DownloadMenu'
import type { Place } from './place'
import type { Prefs } from './prefs'
import type { Found } from './search'
import { SearchBar } from './SearchBar'
import { Selection } from './Selection'
import type { Source } from './source'
import { ViewMenu } from './ViewMenu'

interface ToolbarProps {
  run: string
  step: string | undefined
  field: RefObject<HTMLInputElement | null>
  search: { found: Found; move: (by: 1 | -1) => Promise<void> }
  listed: boolean
  place: Place | undefined
  source: Source
  prefs: Prefs
  full: boolean
  /** The end of a running step is kept in view. */
  live: boolean
  seeking: boolean
  canSeek: boolean
  onSearch: (text: string) => void
  onList: () => void
  onError: () => void
  onAsk: () => void
  onFull: () => void
  onClear: () => void
}

export function Toolbar(props: ToolbarProps) {
  const { search, place, full } = props
  return (
    <div className="log-tools">
      <SearchBar field={props.field} found={search.found} listed={props.listed} onSearch={props.onSearch} onMove={(by) => void search.move(by)} onList={props.onList} />
      {place && <Selection place={place} source={props.source} onClear={props.onClear} />}
      <span className="log-buttons">
        {props.live && <span className="log-live">Live</span>}
        {props.canSeek && <Tool name={place ? 'Next error (e)' : 'First error (e)'} icon={<CrosshairsIcon />} busy={props.seeking} onClick={props.onError} />}
        <Tool name="Go to a line or a time (g)" icon={<HashtagIcon />} onClick={props.onAsk} />
        <ViewMenu prefs={props.prefs} />
        <DownloadMenu run={props.run} step={props.step} />
        <Tool name={full ? 'Leave the whole window (f)' : 'Whole window (f)'} icon={full ? <CompressIcon /> : <ExpandIcon />} onClick={props.onFull} />
      </span>
    </div>
  )
}

function Tool({ name, icon, busy, onClick }: { name: string; icon: ReactNode; busy?: boolean; onClick: () => void }) {
  return (
    <Tooltip content={name}>
      <Button variant="plain" aria-label={name.replace(/ \(.\)$/, '')} icon={icon} isLoading={busy} onClick={onClick} />
    </Tooltip>
  )
}
