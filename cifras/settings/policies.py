"""What a browser may do with our pages (Content-Security-Policy, sent by django-csp).

No script of any page stands inside the page. The staff site needs the theme's two exceptions and no others: Alpine compiles
its expressions ('unsafe-eval'), and it writes style attributes ('unsafe-inline' for styles). Source: OWASP ASVS 5.0, 3.4.3.
"""

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

Directives = dict[str, list[str]]

STRICT: Directives = {
    "default-src": [NONE],
    "script-src": [SELF],
    "style-src": [SELF],
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],
    "object-src": [NONE],
    "base-uri": [NONE],
    "frame-ancestors": [NONE],
    "form-action": [SELF],
}
STAFF_SITE: Directives = STRICT | {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}
