import DesktopIcon from '@patternfly/react-icons/dist/esm/icons/desktop-icon'
import MoonIcon from '@patternfly/react-icons/dist/esm/icons/moon-icon'
import SunIcon from '@patternfly/react-icons/dist/esm/icons/sun-icon'
import { Menu } from '../ui/Menu'
import { setTheme, type Theme, useTheme } from './theme'

const themes: { theme: Theme; name: string; icon: React.ReactNode }[] = [
  { theme: 'system', name: 'As the system', icon: <DesktopIcon /> },
  { theme: 'light', name: 'Light', icon: <SunIcon /> },
  { theme: 'dark', name: 'Dark', icon: <MoonIcon /> },
]

export function ThemeMenu() {
  const theme = useTheme()
  const now = themes.find((t) => t.theme === theme)
  return (
    <Menu label={`Colours: ${now?.name ?? theme}`} icon={now?.icon}>
      {themes.map((t) => (
        <Menu.Item key={t.theme} icon={t.icon} selected={t.theme === theme} onClick={() => setTheme(t.theme)}>
          {t.name}
        </Menu.Item>
      ))}
    </Menu>
  )
}
