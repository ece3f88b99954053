"""Who gets in: passwords and their limits, the second factor, step-up, sessions, invitations, new places.

Two steps lead in. The password makes a session that is nobody's yet (`middleware.StaffDoor` shows it to every page as a visitor);
the second factor makes it the person's. Before an act that cannot be taken back, `step_up.require_fresh` asks
for the factor anew. Of a sign-in from a network or device that is new to them people are told by mail (`places`), and nobody
alone renews both halves of somebody else's way in (`people`).
"""
