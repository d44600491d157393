"use strict";
// Names that unfold's expressions use. Alpine's CSP build evaluates expressions without eval and therefore
// has no access to globals: every name must be registered.
document.addEventListener("alpine:init", () => {
  const { Alpine } = window;
  const remembered = "sidebarDesktopOpen";

  Alpine.data("theme", window.theme);
  Alpine.data("searchForm", window.searchForm);
  Alpine.data("searchCommand", () => ({
    ...window.searchCommand(),
    openSelected(event) {
      const link = this.items?.[Math.max(this.currentIndex, 1) - 1]?.querySelector("a");
      if (link && !event.metaKey && !event.ctrlKey) location.assign(link.href);
    },
  }));
  Alpine.data("shell", () => ({
    activeTab: "",
    sidebarMobileOpen: false,
    sidebarDesktopOpen: localStorage.getItem(remembered) !== "0",
    window: { location: { pathname: location.pathname, search: location.search } },
    init() {
      const first = this.$el.dataset.tab;
      this.activeTab = first ? window.getCurrentTab() || first : "";
    },
    openSidebar() {
      this.sidebarMobileOpen = true;
      this.$nextTick(() => this.$refs.closeMenu.focus());
    },
    // Esc first closes whatever is open on top.
    closeSidebar(event) {
      if (!this.sidebarMobileOpen || event?.defaultPrevented) return;
      this.sidebarMobileOpen = false;
      this.$nextTick(() => this.$refs.openMenu.focus());
    },
    toggleSidebar() {
      this.sidebarDesktopOpen = !this.sidebarDesktopOpen;
      localStorage.setItem(remembered, this.sidebarDesktopOpen ? "1" : "0");
    },
  }));
});
