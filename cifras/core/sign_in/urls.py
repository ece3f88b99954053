"""Addresses at the door, below the staff site's and before it."""

from django.contrib import admin
from django.urls import path

from cifras.core.sign_in import account, views

app_name = "sign_in"
inside = admin.site.admin_view
urlpatterns = [
    path("second-factor/", views.code, name="code"),
    path("second-factor/set-up/", views.set_up, name="set_up"),
    path("second-factor/leave/", views.leave, name="leave"),
    path("invitation/<str:token>/", views.invitation, name="invitation"),
    path("account/", inside(account.account), name="account"),
    path("account/end-sessions/", inside(account.end_sessions), name="end_sessions"),
    path("account/recovery-codes/", inside(account.renew_codes), name="renew_codes"),
]
