"""The views of a site's pages, each by both of its doors."""

from accounts.permissions import StaffAct
from relay.web import (
    site_announcements,
    site_brand,
    site_content,
    site_errors,
    site_settings,
    site_setup,
)
from relay.web.site_shell import two_doors

settings, ops_settings = two_doors("settings", StaffAct.CHANGE_SITE, site_settings.settings)
brand, ops_brand = two_doors("brand", StaffAct.CHANGE_SITE, site_brand.brand)
content, ops_content = two_doors("content", StaffAct.CHANGE_SITE, site_content.content)
error_page, ops_errors = two_doors("errors", StaffAct.CHANGE_SITE, site_errors.error_page)
announcements, ops_announcements = two_doors(
    "announcements", StaffAct.SERVE_CUSTOMERS, site_announcements.of_site
)
setup, ops_setup = two_doors("setup", StaffAct.SEE_SITE, site_setup.setup)
