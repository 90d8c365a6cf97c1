import SlidersHIcon from '@patternfly/react-icons/dist/esm/icons/sliders-h-icon'
import { Menu } from '../ui/Menu'
import { type Prefs, setPrefs, type Times } from './prefs'

const times: { value: Times; name: string }[] = [
  { value: 'none', name: 'No times' },
  { value: 'clock', name: 'Time of day' },
  { value: 'since', name: 'Since the step began' },
]

/** ViewMenu chooses how lines look. */
export function ViewMenu({ prefs }: { prefs: Prefs }) {
  return (
    <Menu label="How lines look" icon={<SlidersHIcon />}>
      <Menu.Item selected={prefs.wrap} onClick={() => setPrefs({ wrap: !prefs.wrap })}>
        Wrap long lines
      </Menu.Item>
      {times.map(({ value, name }) => (
        <Menu.Item key={value} selected={prefs.times === value} onClick={() => setPrefs({ times: value })}>
          {name}
        </Menu.Item>
      ))}
    </Menu>
  )
}
