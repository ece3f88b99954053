"""Addresses of the tenants' floor outside the staff site."""

from django.urls import path

from tenants import views

app_name = "tenants"
urlpatterns = [
    path("onboarding/qr/<str:token>/", views.customer_qr, name="customer_qr"),
    path("onboarding/qr/<str:token>/state/", views.customer_qr_state, name="customer_qr_state"),
]
